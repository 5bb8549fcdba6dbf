/** Files chosen for the message being written; each is kept on this device at once, and uploaded when it can be. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { RoomSession } from '../sync/types';
import type { Texts } from '../ui/texts';
import { type AssetRef, AssetTooLarge, MAX_ASSET_BYTES, assetsOf } from '../whiteboard/assets';
import type { Formats } from './format';
import { MAX_ATTACHMENTS } from './readMessage';

export interface DraftFile {
  readonly key: number;
  readonly name: string;
  readonly size: number;
  /** Not there while it is being stored. */
  readonly ref?: AssetRef;
}

export interface DraftFiles {
  readonly files: readonly DraftFile[];
  readonly ready: boolean;
  /** Why a file was not added, in words; empty when all is well. */
  readonly problem: string;
  add(files: readonly File[]): void;
  remove(key: number): void;
  clear(): void;
}

/** @param noneBecause why no file can be added, in words; empty when one can. */
export function useDraftFiles(session: RoomSession, t: Texts['chat'], formats: Formats, noneBecause: string): DraftFiles {
  const [files, setFiles] = useState<readonly DraftFile[]>([]);
  const [problem, setProblem] = useState('');
  const lastKey = useRef(0);
  const count = useRef(0);
  useEffect(() => {
    count.current = files.length;
  }, [files]);
  const store = async (file: File, key: number): Promise<void> => {
    try {
      const ref = await assetsOf(session).enqueue(file, file.name);
      setFiles((now) => now.map((one) => (one.key === key ? { ...one, ref } : one)));
    } catch (error) {
      setFiles((now) => now.filter((one) => one.key !== key));
      setProblem(error instanceof AssetTooLarge ? t.fileTooLarge(file.name, formats.size(MAX_ASSET_BYTES)) : t.fileUnreadable(file.name));
    }
  };
  const add = (chosen: readonly File[]): void => {
    if (noneBecause !== '') return setProblem(noneBecause);
    const room = MAX_ATTACHMENTS - count.current;
    setProblem(chosen.length > room ? t.tooManyFiles(MAX_ATTACHMENTS) : '');
    const added = chosen.slice(0, room).map((file) => ({ file, key: ++lastKey.current }));
    count.current += added.length;
    setFiles((now) => [...now, ...added.map(({ file, key }) => ({ key, name: file.name, size: file.size }))]);
    for (const { file, key } of added) void store(file, key);
  };
  return {
    files,
    problem,
    ready: files.every((file) => file.ref),
    add,
    remove: useCallback((key: number) => setFiles((now) => now.filter((one) => one.key !== key)), []),
    clear: useCallback(() => {
      setFiles([]);
      setProblem('');
    }, []),
  };
}
