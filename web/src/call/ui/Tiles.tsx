/** The people and screens of the call: each a picture or initials, with name, signs and the state of the connection in words. */
import { Hand, MicOff, WifiOff } from 'lucide-react';
import { colours } from '../../presence/Avatars';
import { initialsOf } from '../../presence/members';
import { type Texts, useTexts } from '../../ui/texts';
import { useStore } from '../../ui/useStore';
import type { Call, Tile } from '../types';
import './call.css';
import { Picture } from './Picture';

export type CallLayout = 'strip' | 'grid' | 'spotlight';

export function Tiles({ call, layout }: { call: Call; layout: CallLayout }) {
  const t = useTexts().call;
  const tiles = useStore(call.tiles);
  const speaker = useStore(call.speaker);
  const first = layout === 'spotlight' ? foremost(tiles, speaker) : undefined;
  const ordered = first ? [first, ...tiles.filter((tile) => tile !== first)] : tiles;
  return (
    <ul className="call-tiles" data-layout={layout} data-testid="call-tiles" aria-label={t.region}>
      {ordered.map((tile) => <TileView key={tile.id} tile={tile} isFirst={tile === first} />)}
    </ul>
  );
}

/** A screen, else who speaks, else the first of the others. */
export function foremost(tiles: readonly Tile[], speaker: string | null): Tile | undefined {
  return tiles.find(({ kind, isMe }) => kind === 'screen' && !isMe)
    ?? tiles.find(({ session, isMe }) => session === speaker && !isMe)
    ?? tiles.find(({ isMe }) => !isMe) ?? tiles[0];
}

/** All that a tile shows, in words. */
export function wordsOf(tile: Tile, t: Texts['call']): string {
  const name = tile.kind === 'screen' ? t.screenOf(tile.name) : tile.isMe ? `${tile.name} (${t.you})` : tile.name;
  const signs = [
    tile.kind === 'person' && !tile.mic && t.muted, tile.isSpeaking && t.speaking, tile.hand && t.hand, troubleOf(tile, t),
  ];
  return [name, ...signs.filter(Boolean)].join(', ');
}

/** What is wrong with the connection, and why; undefined while it is well or not measured yet. */
function troubleOf({ connection, quality }: Tile, t: Texts['call']): string | undefined {
  if (connection !== 'connected') return t[connection];
  if (quality.kind === 'lost') return t.lost;
  if (quality.kind !== 'fair' && quality.kind !== 'bad') return undefined;
  return `${t.quality[quality.kind]}: ${t.reasons[quality.reason]}`;
}

function TileView({ tile, isFirst }: { tile: Tile; isFirst: boolean }) {
  const t = useTexts().call;
  const trouble = troubleOf(tile, t);
  const isScreen = tile.kind === 'screen';
  return (
    <li className="call-tile" data-testid="call-tile" data-kind={tile.kind} data-first={isFirst} data-speaking={tile.isSpeaking} style={colours(tile)}>
      <span className="visually-hidden">{wordsOf(tile, t)}</span>
      {tile.hasPicture && tile.stream
        ? <Picture stream={tile.stream} isMirrored={tile.isMe && !isScreen} hasSound={isScreen && !tile.isMe} />
        : <span className="call-initials" aria-hidden>{initialsOf(tile.name)}</span>}
      <span className="call-caption" aria-hidden>
        {!isScreen && !tile.mic && <MicOff size={14} />}
        {tile.hand && <Hand size={14} />}
        <span className="call-name">{isScreen ? t.screenOf(tile.name) : tile.isMe ? t.you : tile.name}</span>
        {trouble && <span className="call-trouble" title={trouble}><WifiOff size={14} /></span>}
      </span>
    </li>
  );
}
