/** One connection to the forwarder, which makes the offers: this page answers. */
import type { PeerWords } from '../presence/signalMessages';
import type { LinkWords } from './peerLink';

export interface AnsweringOptions {
  configuration: RTCConfiguration;
  send(words: LinkWords): void;
  /** The forwarder has described its sections: set what goes into them before the answer. */
  prepare(transceivers: readonly RTCRtpTransceiver[]): void;
  onChange(): void;
  /** It does not come about, or is lost. */
  onDead(): void;
}

/** A connection has so long to come about, and a lost one to come back. */
const PATIENCE_MS = 12_000;

export class AnsweringLink {
  readonly connection: RTCPeerConnection;
  private work: Promise<void> = Promise.resolve();
  private isClosed = false;
  private patience: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly link: number, private readonly options: AnsweringOptions) {
    this.connection = new RTCPeerConnection(options.configuration);
    this.connection.onicecandidate = ({ candidate }) => options.send({ type: 'candidate', candidate: candidate?.toJSON() ?? null });
    this.connection.onconnectionstatechange = () => this.stateChanged();
    this.stateChanged();
  }

  get isConnected(): boolean {
    return this.connection.connectionState === 'connected';
  }

  get transceivers(): readonly RTCRtpTransceiver[] {
    return this.connection.getTransceivers();
  }

  /** Words are taken one after the other. */
  take(words: PeerWords): void {
    if (words.type !== 'offer') return;
    this.work = this.work.then(() => this.answer(words.sdp)).catch((error: unknown) => {
      if (!this.isClosed) console.warn('call: what the forwarder said cannot be used', error);
    });
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.patience);
    this.connection.onicecandidate = null;
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  private async answer(sdp: string): Promise<void> {
    if (this.isClosed) return;
    await this.connection.setRemoteDescription({ type: 'offer', sdp });
    this.options.prepare(this.transceivers);
    await this.connection.setLocalDescription();
    const description = this.connection.localDescription;
    if (this.isClosed || !description) return;
    this.options.send({ type: 'answer', sdp: description.sdp });
    this.options.onChange();
  }

  private stateChanged(): void {
    clearTimeout(this.patience);
    if (!this.isConnected) this.patience = setTimeout(() => this.options.onDead(), PATIENCE_MS);
    this.options.onChange();
  }
}
