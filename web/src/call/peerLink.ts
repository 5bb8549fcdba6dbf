/**
 * One connection to one page of the call. Perfect negotiation as in the WebRTC 1.0 specification (10.7); the sections are
 * those of `SECTIONS`: the caller makes them, the other one takes them up in their order.
 */
import type { RemoteStreams } from './carrier';
import { CAMERA, directionOf, MICROPHONE, SCREEN, SCREEN_SOUND, SECTIONS } from './sections';

/** Of `PeerWords`, without the address. */
export type LinkWords =
  | { type: 'offer' | 'answer'; sdp: string }
  | { type: 'candidate'; candidate: RTCIceCandidateInit | null };

export interface PeerLinkOptions {
  configuration: RTCConfiguration;
  /** Makes the first offer, and wins when two meet. */
  isCaller: boolean;
  send(words: LinkWords): void;
  /** What goes into each section now; null: nothing. */
  trackOf(section: number): MediaStreamTrack | null;
  maySend(section: number): boolean;
  wants(section: number): boolean;
  /** Streams or state may have changed. */
  onChange(): void;
  /** It does not come about, or does not come back. */
  onDead(): void;
}

/** A connection has so long to come about, and to come back after an ICE restart. */
const PATIENCE_MS = 12_000;
/** A disconnection that lasts so long is treated as a failure. */
const LAPSE_MS = 2_500;

export class PeerLink {
  readonly connection: RTCPeerConnection;
  private streams: RemoteStreams | null = null;
  private isMakingOffer = false;
  private isIgnoringOffer = false;
  private hasOffered = false;
  private hasConnected = false;
  private isClosed = false;
  private readonly early: RTCIceCandidateInit[] = [];
  private work: Promise<void> = Promise.resolve();
  private patience: ReturnType<typeof setTimeout> | undefined;
  private lapse: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: PeerLinkOptions) {
    this.connection = new RTCPeerConnection(options.configuration);
    const { connection } = this;
    connection.onnegotiationneeded = () => void this.offer();
    connection.onicecandidate = ({ candidate }) => options.send({ type: 'candidate', candidate: candidate?.toJSON() ?? null });
    connection.onconnectionstatechange = () => this.stateChanged();
    if (options.isCaller) this.makeSections();
    this.beImpatient();
  }

  /** What comes from the other one; null before it is described. */
  get remote(): RemoteStreams | null {
    return this.streams;
  }

  get isConnected(): boolean {
    return this.connection.connectionState === 'connected';
  }

  get wasConnected(): boolean {
    return this.hasConnected;
  }

  /** Devices, rights or wishes have changed. */
  refresh(): void {
    if (this.isClosed) return;
    this.sections().forEach((transceiver, section) => {
      const { sender } = transceiver;
      const track = this.options.maySend(section) ? this.options.trackOf(section) : null;
      if (sender.track !== track) void sender.replaceTrack(track).catch(() => {});
      const direction = this.direction(section);
      if (transceiver.direction !== direction) transceiver.direction = direction;
    });
  }

  /** The server was gone: what was said meanwhile has not arrived. */
  repeat(): void {
    const { localDescription, signalingState } = this.connection;
    if (signalingState === 'have-local-offer' && localDescription) this.options.send({ type: 'offer', sdp: localDescription.sdp });
    else if (!this.isConnected && this.hasConnected) this.restart();
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.connection.setConfiguration(configuration);
  }

  /** Words are taken one after the other. */
  take(words: LinkWords): Promise<void> {
    this.work = this.work.then(() => this.takeNow(words)).catch((error: unknown) => {
      if (!this.isClosed && !this.isIgnoringOffer) console.warn('call: what another page said cannot be used', error);
    });
    return this.work;
  }

  /** The largest rate of the camera, bits per second; null: as the browser thinks. */
  async limitCamera(bitrate: number | null): Promise<void> {
    const sender = this.sections()[CAMERA]?.sender;
    const parameters = sender?.getParameters();
    const [encoding] = parameters?.encodings ?? [];
    if (!sender || !parameters || !encoding || (encoding.maxBitrate ?? null) === bitrate) return;
    if (bitrate === null) delete encoding.maxBitrate;
    else encoding.maxBitrate = bitrate;
    await sender.setParameters(parameters).catch(() => {}); // between two negotiations: the next refresh does it
  }

  /** Of the voice, 0–1. */
  get voiceLevel(): number {
    const [source] = this.sections()[MICROPHONE]?.receiver.getSynchronizationSources() ?? [];
    return source?.audioLevel ?? 0;
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.patience);
    clearTimeout(this.lapse);
    this.connection.onconnectionstatechange = null;
    this.connection.onnegotiationneeded = null;
    this.connection.onicecandidate = null;
    this.connection.close();
  }

  // ---- negotiation

  private async offer(): Promise<void> {
    // The other one's first description makes the sections.
    if (this.isClosed || (!this.options.isCaller && this.sections().length === 0)) return;
    try {
      this.isMakingOffer = true;
      await this.connection.setLocalDescription();
      this.hasOffered = true;
      this.sendLocal();
    } catch (error) {
      if (!this.isClosed) console.warn('call: no offer', error);
    } finally {
      this.isMakingOffer = false;
    }
  }

  private async takeNow(words: LinkWords): Promise<void> {
    if (this.isClosed) return;
    if (words.type === 'candidate') await this.takeCandidate(words.candidate);
    else await this.takeDescription(words);
  }

  private async takeDescription(description: { type: 'offer' | 'answer'; sdp: string }): Promise<void> {
    const { connection } = this;
    const isOffer = description.type === 'offer';
    const collides = isOffer && (this.isMakingOffer || connection.signalingState !== 'stable');
    this.isIgnoringOffer = this.options.isCaller && collides;
    if (this.isIgnoringOffer || (!isOffer && connection.signalingState !== 'have-local-offer')) return;
    await connection.setRemoteDescription(description);
    if (this.isClosed) return;
    this.describeRemote();
    this.refresh();
    if (isOffer) {
      await connection.setLocalDescription();
      this.sendLocal();
    }
    for (const candidate of this.early.splice(0)) await connection.addIceCandidate(candidate);
    this.options.onChange();
  }

  private async takeCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    if (candidate === null) return;
    if (this.connection.remoteDescription === null) this.early.push(candidate);
    else await this.connection.addIceCandidate(candidate);
  }

  private sendLocal(): void {
    const description = this.connection.localDescription;
    if (!description || this.isClosed || (description.type !== 'offer' && description.type !== 'answer')) return;
    this.options.send({ type: description.type, sdp: description.sdp });
  }

  // ---- sections

  private sections(): readonly RTCRtpTransceiver[] {
    return this.connection.getTransceivers();
  }

  private makeSections(): void {
    SECTIONS.forEach(({ kind }, section) => {
      const transceiver = this.connection.addTransceiver(kind, { direction: this.direction(section) });
      const track = this.options.maySend(section) ? this.options.trackOf(section) : null;
      if (track) void transceiver.sender.replaceTrack(track).catch(() => {});
    });
    this.describeRemote();
  }

  private direction(section: number): RTCRtpTransceiverDirection {
    return directionOf(this.options.maySend(section), this.options.wants(section));
  }

  private describeRemote(): void {
    const tracks = this.sections().map(({ receiver }) => receiver.track);
    const [voice, camera] = [tracks[MICROPHONE], tracks[CAMERA]];
    if (this.streams || !voice) return;
    const screen = [tracks[SCREEN], tracks[SCREEN_SOUND]].filter((track) => track !== undefined);
    this.streams = { voice: new MediaStream([voice]), camera: new MediaStream(camera ? [camera] : []), screen: new MediaStream(screen) };
  }

  // ---- life

  private stateChanged(): void {
    const state = this.connection.connectionState;
    clearTimeout(this.lapse);
    if (state === 'connected') {
      this.hasConnected = true;
      clearTimeout(this.patience);
      this.patience = undefined;
      this.refresh();
    } else if (state === 'failed') this.restart();
    else if (state === 'disconnected') this.lapse = setTimeout(() => this.restart(), LAPSE_MS);
    this.options.onChange();
  }

  private restart(): void {
    if (this.isClosed || (!this.hasOffered && !this.connection.remoteDescription)) return;
    if (this.patience === undefined) this.beImpatient();
    this.connection.restartIce();
  }

  private beImpatient(): void {
    this.patience = setTimeout(() => this.options.onDead(), PATIENCE_MS);
  }
}
