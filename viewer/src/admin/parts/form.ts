// SPDX-License-Identifier: Apache-2.0
/** A form of the desk: it sends one thing, and says beside the field that is wrong why it was refused. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { ApiError } from '../../core/client';
import { wordsOf } from '../../core/failure';
import { t } from '../../core/i18n';
import { TwinElement } from '../../core/ui/element';

export const formStyle = css`
  form { padding: 1.1rem 1.2rem 1.2rem; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)); gap: 0.85rem 1rem;
    align-items: start; border-color: var(--accent); margin-bottom: 1.1rem; }
  form > h2, form > .whole, form > .row { grid-column: 1 / -1; }
  .field { align-content: start; } .field.wide { grid-column: span 2; }
  .hint { font-size: 0.78rem; color: var(--ink-2); }
  .field[data-wrong] input, .field[data-wrong] select, .field[data-wrong] textarea { border-color: var(--bad); }
  .choice { display: flex; gap: 0.5rem; align-items: baseline; font-size: 0.92rem; color: var(--ink); }
  .choice input { width: auto; } .choice small { color: var(--ink-2); display: block; }
  textarea { font: inherit; font-size: 0.92rem; color: var(--ink); border: 1px solid var(--line-2); border-radius: 0.45rem; padding: 0.42rem 0.55rem;
    background: var(--panel-solid); width: 100%; min-width: 0; resize: vertical; }
  input[type='color'] { padding: 0.15rem; height: 2.25rem; width: 3.4rem; }
  fieldset { border: 0; margin: 0; padding: 0; display: grid; gap: 0.5rem; grid-column: 1 / -1; }
  legend { font-size: 0.92rem; font-weight: 600; padding: 0; margin-bottom: 0.35rem; }
  .row { display: flex; gap: 0.6rem; flex-wrap: wrap; align-items: center; }
  .row .failed { flex: 1 1 100%; }
  input[readonly] { background: var(--raised); color: var(--ink-2); }
  @media (max-width: 760px) { .field.wide { grid-column: 1 / -1; } form { padding: 0.9rem; } }
`;

/** What stands in a form's fields, trimmed. */
export class Given {
  readonly #data: FormData;

  constructor(form: HTMLFormElement) {
    this.#data = new FormData(form);
  }

  text(name: string): string {
    const value = this.#data.get(name);
    return typeof value === 'string' ? value.trim() : '';
  }

  /** Null where nothing is filled in. */
  textOrNull(name: string): string | null {
    const text = this.text(name);
    return text === '' ? null : text;
  }

  numberOrNull(name: string): number | null {
    return this.text(name) === '' ? null : Number(this.text(name));
  }

  has(name: string): boolean {
    return this.#data.has(name);
  }
}

/** The field that the server names, the last part of its path. */
function fieldOf({ parameter, problems }: ApiError): string {
  const named = parameter === '' ? problems[0]?.where ?? '' : parameter;
  return named.split('.').at(-1) ?? '';
}

export abstract class DeskForm extends TwinElement {
  static override properties: PropertyDeclarations = { busy: { state: true }, refusal: { state: true }, wrong: { state: true } };

  declare protected busy: boolean;
  declare protected refusal: string;
  /** The name of the field that the refusal is about. */
  declare protected wrong: string;

  constructor() {
    super();
    this.busy = false;
    this.refusal = '';
    this.wrong = '';
  }

  override firstUpdated(): void {
    this.scrollIntoView({ block: 'nearest' });
    this.renderRoot.querySelector<HTMLElement>('input:not([readonly]):not([type=hidden]), select')?.focus({ preventScroll: true });
    this.addEventListener('keydown', (event) => { if (event.key === 'Escape') this.leave(); });
  }

  /** A labelled control with its hint, and the refusal if it is about this one. */
  protected field(name: string, label: string, control: TemplateResult, hint = '', look = ''): TemplateResult {
    const isWrong = this.wrong === name;
    return html`<label class="field ${look}" ?data-wrong=${isWrong}>${label}${control}
      ${isWrong ? html`<span class="failed" role="alert">${this.refusal}</span>` : nothing}
      ${hint === '' ? nothing : html`<span class="hint">${hint}</span>`}</label>`;
  }

  protected buttons(words: string): TemplateResult {
    const isPlaced = this.wrong !== '' && this.knows(this.wrong);
    return html`<div class="row"><button class="button main" ?disabled=${this.busy}>${words}</button>
      <button type="button" class="button" @click=${() => { this.leave(); }}>${t('cancel')}</button>
      ${this.refusal === '' || isPlaced ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}</div>`;
  }

  /** Whether a refusal about this name is shown beside a field. */
  protected knows(name: string): boolean {
    return this.renderRoot.querySelector(`[name="${CSS.escape(name)}"]`) !== null;
  }

  /** Says at once, without asking the server, what is wrong. */
  protected complain(name: string, words: string): void {
    this.wrong = name;
    this.refusal = words;
    void this.#show();
  }

  /** Sends; whoever made the form hears `saved`, with `detail`. */
  protected async send(write: () => Promise<unknown>, detail: unknown): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refusal = this.wrong = '';
    try {
      await write();
      this.dispatchEvent(new CustomEvent('saved', { detail }));
    } catch (error) {
      this.complain(error instanceof ApiError ? fieldOf(error) : '', wordsOf(error));
    } finally {
      this.busy = false;
    }
  }

  protected leave(): void {
    this.dispatchEvent(new CustomEvent('left'));
  }

  async #show(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('[data-wrong] :is(input, select, textarea)')?.focus();
  }
}
