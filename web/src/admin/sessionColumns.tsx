/** The columns that every table of sessions has. */
import { Mic, MonitorUp, Video } from 'lucide-react';
import type { Texts } from '../ui/texts';
import { Count, Length } from './Parts';
import type { Column } from './Table';
import type { Counts } from './types';

export function countColumns<T extends Counts>(t: Texts['admin']): readonly Column<T>[] {
  const words = t.sessions;
  return [
    { id: 'mic', title: words.mic, icon: <Mic size={16} aria-hidden />, width: 70, numeric: true, value: (row) => row.mic_seconds, cell: (row) => <Length seconds={row.mic_seconds} /> },
    { id: 'camera', title: words.camera, icon: <Video size={16} aria-hidden />, width: 70, numeric: true, value: (row) => row.camera_seconds, cell: (row) => <Length seconds={row.camera_seconds} /> },
    { id: 'screen', title: words.screen, icon: <MonitorUp size={16} aria-hidden />, width: 70, numeric: true, value: (row) => row.screen_seconds, cell: (row) => <Length seconds={row.screen_seconds} /> },
    { id: 'edits', title: words.edits, width: 66, numeric: true, value: (row) => row.edits, cell: (row) => <Count value={row.edits} /> },
    { id: 'messages', title: words.messages, width: 82, numeric: true, value: (row) => row.messages, cell: (row) => <Count value={row.messages} /> },
  ];
}
