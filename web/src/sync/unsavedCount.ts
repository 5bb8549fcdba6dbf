/** Keeps the number of unsaved changes of one page on the device, so that a reload without the server still tells it. */
import type { LocalStore, UnsavedRow } from './localStore';

const DELAY_MS = 250;

export class UnsavedCount {
  private written = 0;
  private wanted = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private inheritedRows: UnsavedRow[] = [];

  constructor(
    private readonly store: LocalStore | undefined,
    private readonly database: string,
    private readonly page: string,
  ) {}

  /** How many changes earlier pages, or other open ones, left unsaved in this database. */
  async inherited(): Promise<number> {
    const rows = (await this.store?.unsaved(this.database)) ?? [];
    this.inheritedRows = rows.filter((row) => row.page !== this.page);
    return this.inheritedRows.reduce((sum, row) => sum + row.changes, 0);
  }

  /**
   * Note the number of unsaved changes. Whether there are any is written at once, how many a little later.
   *
   * @param isUpToDate everything in the local database is on the server, also what earlier pages left.
   */
  set(unsaved: number, isUpToDate: boolean): void {
    if (isUpToDate && this.inheritedRows.length > 0) {
      void this.store?.clearUnsaved(this.inheritedRows);
      this.inheritedRows = [];
    }
    this.wanted = unsaved - this.inheritedRows.reduce((sum, row) => sum + row.changes, 0);
    if (this.wanted > 0 !== this.written > 0) void this.flush();
    else if (this.wanted !== this.written) this.timer ??= setTimeout(() => void this.flush(), DELAY_MS);
  }

  /** How many of them were made in this page. */
  get own(): number {
    return Math.max(this.wanted, 0);
  }

  /** Write what is not yet written. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.wanted === this.written) return;
    this.written = this.wanted;
    await this.store?.writeUnsaved({ database: this.database, page: this.page, changes: this.written });
  }

  /** The work has been put elsewhere: nothing is unsaved in this database any more. */
  async clear(): Promise<void> {
    this.set(0, true);
    await this.flush();
  }
}
