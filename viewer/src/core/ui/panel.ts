// SPDX-License-Identifier: Apache-2.0
/** A part of a page that shows what the server says: waiting, failed with a way to try again, or there. */
import { html, type PropertyDeclarations, type TemplateResult } from 'lit';
import { wordsOf } from '../failure';
import { t } from '../i18n';
import { TwinElement } from './element';

export abstract class Panel<T> extends TwinElement {
  static override properties: PropertyDeclarations = { data: { state: true }, failure: { state: true }, busy: { state: true }, refusal: { state: true } };

  declare protected data: T | null;
  declare protected failure: string;
  /** A write is on its way. */
  declare protected busy: boolean;
  /** Why the last write was refused. */
  declare protected refusal: string;
  #asked = 0;
  #key = '';

  constructor() {
    super();
    this.data = null;
    this.failure = '';
    this.busy = false;
    this.refusal = '';
  }

  /** What the answer depends on: another key, and it is asked for again; '' is not asked for. */
  protected key(): string {
    return 'once';
  }

  protected abstract fetch(): Promise<T>;
  protected abstract view(data: T): TemplateResult;

  protected override willUpdate(): void {
    const key = this.key();
    if (key === this.#key) return;
    this.#key = key;
    void this.reload();
  }

  /** Asks anew; an answer that was overtaken by a later question is dropped. */
  async reload(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const data = await this.fetch();
      if (asked !== this.#asked) return;
      this.data = data;
      this.failure = '';
    } catch (error) {
      if (asked === this.#asked) this.failure = wordsOf(error);
    }
  }

  /** Does a write, one at a time, and says why if it is refused. Whether it was done. */
  protected async act(write: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.refusal = '';
    try {
      await write();
      return true;
    } catch (error) {
      this.refusal = wordsOf(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  override render(): TemplateResult {
    if (this.failure !== '') {
      return html`<div class="card none" role="alert"><p class="failed">${this.failure}</p>
        <p><button class="button" @click=${() => { void this.reload(); }}>${t('admin.again')}</button></p></div>`;
    }
    return this.data === null ? html`<p class="card none" role="status">${t('waiting')}</p>` : this.view(this.data);
  }
}
