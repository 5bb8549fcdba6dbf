/** Where a message is written, answered or changed. */
import { ArrowUp, Check, File as FileIcon, Paperclip, X } from 'lucide-react';
import { type ClipboardEvent, type KeyboardEvent, type Ref, useId, useImperativeHandle, useLayoutEffect, useRef } from 'react';
import { useChat } from './chatContext';
import type { DraftFiles } from './draftFiles';
import { previewOf } from './Message';
import { type ChatMessage, MAX_TEXT } from './readMessage';

export type Mode =
  | { readonly kind: 'write'; readonly replyTo: string | null }
  | { readonly kind: 'edit'; readonly id: string; readonly text: string };

export interface ComposerHandle {
  focus(): void;
}

export interface ComposerProps {
  readonly mode: Mode;
  readonly text: string;
  readonly files: DraftFiles;
  /** What is replied to. */
  readonly original: ChatMessage | undefined;
  /** Why nothing can be written now; empty when it can. */
  readonly closedBecause: string;
  /** Why no file can be added now; empty when one can. */
  readonly noFilesBecause: string;
  readonly onText: (text: string) => void;
  readonly onSubmit: () => void;
  /** No longer reply, or edit. */
  readonly onCancel: () => void;
  readonly onEditLast: () => void;
  readonly onLeave: () => void;
  readonly ref: Ref<ComposerHandle>;
}

const MOST_HEIGHT_PX = 180;
/** From here on it is said how much still fits. */
const FEW_LEFT = 500;

export function Composer(props: ComposerProps) {
  const { mode, text, files, closedBecause, onText, onSubmit, onCancel, onLeave, ref } = props;
  const { t } = useChat();
  const area = useRef<HTMLTextAreaElement>(null);
  const closed = closedBecause !== '';
  const editing = mode.kind === 'edit';
  const canSubmit = !closed && (text.trim() !== '' || files.files.length > 0) && (editing || files.ready);
  const left = MAX_TEXT - text.length;
  const help = useId();
  useGrowing(area, text);
  useImperativeHandle(ref, () => ({
    focus() {
      area.current?.focus();
      area.current?.setSelectionRange(text.length, text.length);
    },
  }));
  const onKeyDown = useComposerKeys(props, canSubmit);
  const onPaste = (event: ClipboardEvent): void => {
    const pasted = [...event.clipboardData.files];
    // Office programs add a picture of the text; the text is what was meant.
    if (editing || pasted.length === 0 || event.clipboardData.getData('text/plain') !== '') return;
    event.preventDefault();
    files.add(pasted);
  };

  return (
    <form
      className="chat-composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (canSubmit) onSubmit();
      }}
    >
      <ModeLine mode={mode} original={props.original} onCancel={onCancel} />
      {!editing && <FileChips files={files} />}
      {files.problem !== '' && <p className="chat-problem" role="alert">{files.problem}</p>}
      <div className="chat-field" data-closed={closed}>
        {!editing && <AttachButton disabled={closed} noneBecause={props.noFilesBecause} onFiles={files.add} />}
        <textarea
          ref={area}
          data-testid="chat-input"
          rows={1}
          value={text}
          maxLength={MAX_TEXT}
          disabled={closed}
          aria-label={editing ? t.editInput : t.input}
          aria-describedby={help}
          placeholder={closed ? closedBecause : editing ? t.editInput : t.input}
          dir="auto"
          enterKeyHint="send"
          onChange={(event) => onText(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={onLeave}
        />
        <button
          type="submit"
          className="chat-send"
          data-testid="chat-send"
          disabled={!canSubmit}
          aria-label={editing ? t.save : t.send}
          title={editing ? t.save : t.send}
        >
          {editing ? <Check size={18} aria-hidden /> : <ArrowUp size={18} aria-hidden />}
        </button>
      </div>
      <p id={help} className={left < FEW_LEFT ? 'chat-left' : 'visually-hidden'}>
        {closed ? closedBecause : left < FEW_LEFT ? t.charactersLeft(left) : t.inputHelp}
      </p>
    </form>
  );
}

/** Enter sends, shift-enter breaks the line, up in an empty field changes one's last message, escape ends that. */
function useComposerKeys({ mode, text, files, onSubmit, onCancel, onEditLast }: ComposerProps, canSubmit: boolean) {
  return (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return; // choosing a word of an input method
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      if (canSubmit) onSubmit();
    } else if (event.key === 'Escape' && (mode.kind === 'edit' || mode.replyTo !== null)) {
      event.preventDefault();
      event.stopPropagation();
      onCancel();
    } else if (event.key === 'ArrowUp' && text === '' && files.files.length === 0 && mode.kind === 'write') {
      event.preventDefault();
      onEditLast();
    }
  };
}

/** As high as its text, up to a limit. */
function useGrowing(area: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = 'auto';
    if (element.scrollHeight > 0) element.style.height = `${Math.min(element.scrollHeight, MOST_HEIGHT_PX)}px`;
  }, [area, text]);
}

function ModeLine({ mode, original, onCancel }: Pick<ComposerProps, 'mode' | 'original' | 'onCancel'>) {
  const { t, nameOf, actions } = useChat();
  if (mode.kind === 'write' && mode.replyTo === null) return null;
  return (
    <div className="chat-mode">
      {mode.kind === 'edit'
        ? <span className="chat-mode-words">{t.editing}</span>
        : (
          <button type="button" className="chat-mode-words" onClick={() => original && actions.jump(original.id)}>
            <span>{t.replyingTo(original ? nameOf(original.author, original.name) : t.someone)}</span>
            {original && <span className="chat-mode-preview" dir="auto">{previewOf(original, t)}</span>}
          </button>
        )}
      <button type="button" className="chat-icon-button" aria-label={t.cancel} title={t.cancel} onClick={onCancel}>
        <X size={16} aria-hidden />
      </button>
    </div>
  );
}

function FileChips({ files }: { files: DraftFiles }) {
  const { t, formats } = useChat();
  if (files.files.length === 0) return null;
  return (
    <ul className="chat-chips" aria-label={t.attachments}>
      {files.files.map(({ key, name, size, ref }) => (
        <li key={key} className="chat-chip" data-ready={ref !== undefined}>
          <FileIcon size={14} aria-hidden />
          <bdi className="chat-file-name">{name || t.file}</bdi>
          <span className="chat-file-size">{ref ? formats.size(size) : t.adding}</span>
          <button type="button" aria-label={t.removeFile(name || t.file)} title={t.removeFile(name || t.file)} onClick={() => files.remove(key)}>
            <X size={14} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Where files may not be added it can still be pressed: it then says why. */
function AttachButton({ disabled, noneBecause, onFiles }: {
  disabled: boolean; noneBecause: string; onFiles: (files: readonly File[]) => void;
}) {
  const { t } = useChat();
  const label = noneBecause === '' ? t.attach : `${t.attach}. ${noneBecause}`;
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="chat-file-input"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = ''; // the same file may be chosen again
        }}
      />
      <button
        type="button"
        className="chat-icon-button"
        disabled={disabled}
        aria-disabled={noneBecause !== ''}
        aria-label={label}
        title={label}
        data-testid="chat-attach"
        onClick={() => (noneBecause === '' ? input.current?.click() : onFiles([]))}
      >
        <Paperclip size={18} aria-hidden />
      </button>
    </>
  );
}
