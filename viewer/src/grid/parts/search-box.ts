// SPDX-License-Identifier: Apache-2.0
/** The search: suggestions while typing, arrows and Enter to choose, Escape to let go. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { wordsOf } from '../../core/failure';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { suggest, type Suggestion } from '../search';
import { go, grid } from '../state';
import { look } from './look';

const PAUSE_MS = 180;

export class SearchBox extends TwinElement {
  static override properties = { found: { state: true }, at: { state: true }, note: { state: true }, isOpen: { state: true } };
  static override styles = [shared, box, look, css`
    :host { position: relative; }
    input { padding: 0.48rem 0.7rem; }
    ul, .note { position: absolute; left: 0; right: 0; top: calc(100% + 0.3rem); z-index: 10; background: var(--panel-solid); border: 1px solid var(--line-2);
      border-radius: 0.5rem; box-shadow: var(--shadow); overflow: auto; max-height: min(26rem, 60vh); }
    .note { padding: 0.7rem 0.9rem; }
    li { display: grid; grid-template-columns: 4.6rem minmax(0, 1fr) auto; gap: 0.6rem; padding: 0.5rem 0.8rem; align-items: baseline; cursor: pointer; }
    li[aria-selected='true'], li:hover { background: var(--hover); }
    li small { color: var(--ink-2); font-size: 0.78rem; } li code { color: var(--ink-2); font-size: 0.78rem; }
    li span { overflow-wrap: anywhere; }
    @media (max-width: 760px) { li { padding: 0.75rem 0.8rem; grid-template-columns: 4rem minmax(0, 1fr); } li code { grid-column: 2; } ul { max-height: 55vh; } }
  `];
  override watched = [grid];

  declare found: Suggestion[];
  declare at: number;
  declare note: string;
  declare isOpen: boolean;
  #timer = 0;
  #abort: AbortController | null = null;

  constructor() {
    super();
    this.found = [];
    this.at = -1;
    this.note = '';
    this.isOpen = false;
  }

  override render(): TemplateResult {
    const isShown = this.isOpen && this.found.length > 0;
    return html`<input type="search" role="combobox" aria-label=${t('grid.search')} placeholder=${t('grid.search_hint')} autocomplete="off" spellcheck="false"
        aria-expanded=${isShown ? 'true' : 'false'} aria-controls="found" aria-autocomplete="list" aria-activedescendant=${isShown && this.at >= 0 ? `found-${this.at}` : nothing}
        enterkeyhint="search" @input=${this.#typed} @keydown=${(event: KeyboardEvent) => { this.#key(event); }}
        @focus=${() => { this.isOpen = true; }} @blur=${() => { window.setTimeout(() => { this.isOpen = false; }, 150); }} />
      ${isShown ? html`<ul id="found" role="listbox" aria-label=${t('grid.search')}>${this.found.map((one, index) => html`
        <li id="found-${index}" role="option" aria-selected=${index === this.at ? 'true' : 'false'} @pointerdown=${(event: Event) => { event.preventDefault(); }}
          @click=${() => { this.#choose(one); }}><small>${kindName(one.kind)}</small><span>${one.text}</span><code>${one.code}</code></li>`)}</ul>` : nothing}
      ${this.isOpen && !isShown && this.note !== '' ? html`<p class="note" role="status">${this.note}</p>` : nothing}`;
  }

  get #field(): HTMLInputElement | null {
    return this.renderRoot.querySelector('input');
  }

  #typed(): void {
    window.clearTimeout(this.#timer);
    this.isOpen = true;
    this.#timer = window.setTimeout(() => { void this.#ask(); }, PAUSE_MS);
  }

  async #ask(): Promise<void> {
    this.#abort?.abort();
    const text = this.#field?.value.trim() ?? '';
    if (text === '') {
      this.found = [];
      this.note = '';
      return;
    }
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const { suggestions, reason } = await suggest(text, abort.signal);
      if (abort.signal.aborted) return;
      this.found = suggestions;
      this.at = suggestions.length > 0 ? 0 : -1;
      this.note = suggestions.length > 0 ? '' : reason || t('grid.search_none');
    } catch (error) {
      if (abort.signal.aborted) return;
      this.found = [];
      this.note = wordsOf(error);
    }
  }

  #key(event: KeyboardEvent): void {
    if (event.isComposing) return; // Enter ends the pinyin, not the search
    const last = this.found.length - 1;
    if (event.key === 'ArrowDown') this.at = Math.min(last, this.at + 1);
    else if (event.key === 'ArrowUp') this.at = Math.max(0, this.at - 1);
    else if (event.key === 'Enter') {
      const one = this.found[this.at];
      if (one) this.#choose(one);
      else void this.#ask();
    } else if (event.key === 'Escape') {
      this.isOpen = false;
      return;
    } else return;
    event.preventDefault();
    this.isOpen = true;
  }

  #choose({ view }: Suggestion): void {
    go(view);
    const field = this.#field;
    if (field) {
      field.value = '';
      field.blur();
    }
    this.found = [];
    this.isOpen = false;
  }
}

function kindName(kind: string): string {
  if (kind === 'block') return t('grid.kind_block');
  if (kind === 'road') return t('grid.kind_road');
  if (kind === 'quarter') return t('grid.kind_quarter');
  return say(grid.state.registers.find(({ layer }) => layer.startsWith(kind))?.title) || kind;
}

customElements.define('grid-search', SearchBox);
