/** Plays the voices of the others, on the chosen speaker. */

export class Voices {
  private readonly playing = new Map<string, HTMLAudioElement>();
  private speaker: string | undefined;
  private readonly unlock = (): void => {
    for (const audio of this.playing.values()) this.play(audio);
  };

  /** Exactly these are heard from now on. */
  set(voices: ReadonlyMap<string, MediaStream>): void {
    for (const [session, audio] of this.playing) {
      if (voices.get(session) === audio.srcObject) continue;
      audio.srcObject = null;
      this.playing.delete(session);
    }
    for (const [session, stream] of voices) if (!this.playing.has(session)) this.add(session, stream);
  }

  /** By the id of the device; undefined: the browser's choice. Not every browser can. */
  setSpeaker(id: string | undefined): void {
    this.speaker = id;
    for (const audio of this.playing.values()) this.route(audio);
  }

  private add(session: string, stream: MediaStream): void {
    const audio = new Audio();
    audio.srcObject = stream;
    this.playing.set(session, audio);
    this.route(audio);
    this.play(audio);
  }

  private route(audio: HTMLAudioElement): void {
    void audio.setSinkId?.(this.speaker ?? '').catch(() => {}); // unplugged: it is heard where the browser plays
  }

  /** A page that nobody has touched may not make a sound: then at the first touch. */
  private play(audio: HTMLAudioElement): void {
    audio.play().catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      for (const event of ['pointerdown', 'keydown']) window.addEventListener(event, this.unlock, { once: true });
    });
  }
}
