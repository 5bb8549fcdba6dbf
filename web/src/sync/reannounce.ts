/** What y-protocols' awareness needs around a lost socket, so that everybody is seen again after it. */
import type { Awareness } from 'y-protocols/awareness';

/** The server dropped our entry when the last socket went; only a higher clock brings it back. */
export function announceAgain(awareness: Awareness): void {
  const state = awareness.getLocalState();
  if (state) awareness.setLocalState(state);
}

/**
 * Else those present are not seen again after a reconnect: their entries come back with the clock known here. Not
 * before the provider has removed their states: it encodes them once more, with the clocks. Other tabs stay.
 */
export function forgetOthers({ meta, states, clientID }: Awareness): void {
  for (const client of meta.keys()) if (client !== clientID && !states.has(client)) meta.delete(client);
}
