/** Who is in the room, kept up to date by diffs: one entry for each open page, in the order of arrival. */
import type { Person, Store } from '../sync/types';
import { createStore } from '../sync/valueStore';
import type { Diff, RosterState } from './signalMessages';

/** `gap`: a diff was missed, so the whole roster is needed; nothing was changed. */
export type Applied = 'applied' | 'known' | 'gap';

export class RosterStore implements Store<readonly Person[]> {
  private readonly people = createStore<readonly Person[]>([]);
  /** undefined while the list does not come from the server: then every diff is a gap. */
  private version: number | undefined;

  readonly get = (): readonly Person[] => this.people.get();
  readonly subscribe = (listener: () => void): (() => void) => this.people.subscribe(listener);

  /** Take the server's whole list, whatever was known before. */
  reset({ version, sessions }: RosterState): void {
    this.version = version;
    this.show(sessions);
  }

  /** Take a list that does not come from the server. */
  substitute(people: readonly Person[]): void {
    this.version = undefined;
    this.show(people);
  }

  apply(diff: Diff): Applied {
    if (this.version === undefined || diff.version > this.version + 1) return 'gap';
    if (diff.version <= this.version) return 'known';
    this.version = diff.version;
    this.show(changed(this.get(), diff));
    return 'applied';
  }

  private show(people: readonly Person[]): void {
    if (JSON.stringify(people) !== JSON.stringify(this.get())) this.people.set(people);
  }
}

function changed(people: readonly Person[], diff: Diff): readonly Person[] {
  if (diff.type === 'left') return people.filter(({ session }) => session !== diff.session);
  const { person } = diff;
  const known = people.some(({ session }) => session === person.session);
  return known ? people.map((one) => (one.session === person.session ? person : one)) : [...people, person];
}
