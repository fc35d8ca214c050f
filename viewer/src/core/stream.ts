// SPDX-License-Identifier: Apache-2.0
/**
 * The live stream of changes (server-sent events), read with fetch so that heartbeats count as signs of life:
 * a stream that is open but silent is stale, and the page says so.
 */
import type { ChangeEvent } from './api';

export type Connection = 'connecting' | 'live' | 'stale' | 'down';
export interface StreamState { connection: Connection; lastSign: number }

/** Two and a half heartbeats of ten seconds. */
const SILENCE_MS = 25_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

export class ChangeStream {
  #abort: AbortController | null = null;
  #lastId: string | null = null;
  #failures = 0;
  #stopped = false;
  #watch = 0;
  #timer = 0;
  #state: StreamState = { connection: 'connecting', lastSign: 0 };

  constructor(
    private readonly layers: () => string[],
    private readonly onChange: (change: ChangeEvent) => void,
    private readonly onState: (state: StreamState) => void,
    /** Called when a stream starts anew, without a change id to resume from. */
    private readonly onGap: () => void,
  ) {}

  start(): void {
    this.#stopped = false;
    this.#watch = window.setInterval(() => { this.#checkSilence(); }, 2_000);
    void this.#connect();
  }

  /** Follows the layers of now, from the last change on. */
  renew(): void {
    this.#failures = 0;
    this.#abort?.abort();
  }

  stop(): void {
    this.#stopped = true;
    window.clearInterval(this.#watch);
    window.clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #say(connection: Connection, sign = false): void {
    const lastSign = sign ? Date.now() : this.#state.lastSign;
    const moved = connection !== this.#state.connection;
    this.#state = { connection, lastSign };
    if (moved || sign) this.onState(this.#state);
  }

  #checkSilence(): void {
    if (this.#state.connection !== 'live' || Date.now() - this.#state.lastSign < SILENCE_MS) return;
    this.#say('stale');
    this.#abort?.abort(); // a dead peer never closes: begin again
  }

  async #connect(): Promise<void> {
    this.#abort = new AbortController();
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.#lastId !== null) headers['Last-Event-ID'] = this.#lastId;
    try {
      const response = await fetch(`/stream?layers=${encodeURIComponent(this.layers().join(','))}`, {
        headers, signal: this.#abort.signal, cache: 'no-store', credentials: 'same-origin',
      });
      if (!response.ok || response.body === null) throw new Error(String(response.status));
      if (this.#failures > 0 && this.#lastId === null) this.onGap();
      await this.#read(response.body.getReader());
    } catch {
      // every way a stream can end leads to the same place: try again, later each time
    }
    this.#retry();
  }

  #retry(): void {
    if (this.#stopped) return;
    this.#failures += 1;
    if (this.#failures > 1) this.#say('down');
    else if (this.#state.connection === 'live') this.#say('connecting');
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1)) * (0.75 + Math.random() / 2);
    this.#timer = window.setTimeout(() => { void this.#connect(); }, wait);
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let pending = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#failures = 0;
      this.#say('live', true);
      pending += decoder.decode(value, { stream: true }).replaceAll('\r', '');
      const events = pending.split('\n\n');
      pending = events.pop() ?? '';
      for (const event of events) this.#take(event);
    }
  }

  #take(event: string): void {
    let name = 'message';
    const data: string[] = [];
    for (const line of event.split('\n')) {
      const [field, text] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).replace(/^ /u, '')];
      if (field === 'event') name = text;
      else if (field === 'data') data.push(text);
      else if (field === 'id') this.#lastId = text;
    }
    if (name === 'change') this.onChange(JSON.parse(data.join('\n')) as ChangeEvent);
    else if (name === 'hello' && this.#lastId === null) {
      const hello = JSON.parse(data.join('\n')) as { change_id?: number | string };
      if (hello.change_id !== undefined) this.#lastId = String(hello.change_id);
    }
  }
}
