// SPDX-License-Identifier: Apache-2.0
/** Chooses blocks by name: down the tree from the district, or by a name, its pinyin or a code. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Block, BlockName } from '../../core/api';
import { client } from '../../core/client';
import { wordsOf } from '../../core/failure';
import { nameOf, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { access } from '../access-server';
import type { Reached } from '../access-api';
import { admin } from '../state';
import { desk } from './desk';

const PAUSE_MS = 250;
const CODE = /^\d{2,14}$/u;

interface Choice { code: string; text: string }

export class BlockPicker extends TwinElement {
  static override properties = { chosen: { attribute: false }, label: {}, block: { state: true }, found: { state: true }, failure: { state: true }, isOpen: { state: true } };
  static override styles = [shared, box, desk, css`
    :host { display: grid; gap: 0.45rem; }
    .chosen { display: flex; flex-wrap: wrap; gap: 0.4rem; }
    .chosen li { display: inline-flex; align-items: center; gap: 0.2rem; background: var(--hover); border: 1px solid var(--line-2); border-radius: 0.45rem; padding: 0.1rem 0.2rem 0.1rem 0.6rem; font-size: 0.88rem; }
    .chosen button { width: 1.75rem; height: 1.75rem; color: var(--ink-2); border-radius: 0.35rem; font-size: 1rem; line-height: 1; } .chosen button:hover { background: var(--track); color: var(--ink); }
    .tree { border: 1px solid var(--line); border-radius: 0.5rem; background: var(--raised); padding: 0.5rem 0.6rem; }
    .path { display: flex; flex-wrap: wrap; gap: 0.15rem 0.4rem; font-size: 0.86rem; margin-bottom: 0.4rem; align-items: center; } .path li + li::before { content: '›'; margin-right: 0.4rem; color: var(--ink-2); }
    .list { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 0.25rem 0.6rem; } .scroll { max-height: 15rem; overflow: auto; }
    .list li { display: flex; align-items: center; gap: 0.4rem; justify-content: space-between; min-width: 0; }
    .list .name { min-width: 0; overflow-wrap: anywhere; text-align: left; font-size: 0.9rem; } .list small { color: var(--ink-2); }
    .list .link { text-align: left; overflow-wrap: anywhere; }
  `];

  declare chosen: Reached[];
  declare label: string;
  /** The block whose children are shown. */
  declare block: Block | null;
  /** What the typed text may mean; null: nothing is typed. */
  declare found: Choice[] | null;
  declare failure: string;
  declare isOpen: boolean;
  #timer = 0;
  #abort: AbortController | null = null;

  constructor() {
    super();
    this.chosen = [];
    this.label = this.failure = '';
    this.block = null;
    this.found = null;
    this.isOpen = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  override render(): TemplateResult {
    return html`${this.chosen.length === 0 ? nothing : html`<ul class="chosen" aria-label=${t('block.chosen')}>${this.chosen.map((one) => html`<li>${one.name ?? one.code}
        <button type="button" aria-label=${t('block.remove', { name: one.name ?? one.code })} title=${one.code} @click=${() => { this.#remove(one.code); }}>×</button></li>`)}</ul>`}
      <label>${this.label}<input name="blocks" autocomplete="off" spellcheck="false" placeholder=${t('block.search')} @focus=${() => { void this.#open(); }}
        @input=${(event: Event) => { this.#type((event.target as HTMLInputElement).value); }}
        @keydown=${(event: KeyboardEvent) => { this.#key(event); }} /></label>
      ${this.failure === '' ? nothing : html`<p class="failed" role="alert">${this.failure}</p>`}
      ${this.isOpen ? html`<div class="tree">${this.found === null ? this.#tree() : this.#results(this.found)}</div>` : nothing}`;
  }

  #tree(): TemplateResult {
    const { block } = this;
    if (block === null) return html`<p class="empty" role="status">${t('waiting')}</p>`;
    return html`<nav aria-label=${t('breadcrumb')}><ol class="path">${[...block.ancestors, block].map((one) => html`<li>${one.code === block.code ? html`<b>${nameOf(one)}</b> ${this.#toggle({ code: one.code, text: nameOf(one) })}`
        : html`<button type="button" class="link" @click=${() => { void this.#look(one.code); }}>${nameOf(one)}</button>`}</li>`)}</ol></nav>
      ${block.children.length === 0 ? html`<p class="empty">${t('block.lowest')}</p>` : html`<div class="scroll" tabindex="0" role="group" aria-label=${t('block.below', { name: nameOf(block) })}><ul class="list">${block.children.map((one: BlockName) =>
        html`<li><button type="button" class="link" @click=${() => { void this.#look(one.code); }}>${nameOf(one)}</button>${this.#toggle({ code: one.code, text: nameOf(one) })}</li>`)}</ul></div>`}`;
  }

  #results(found: Choice[]): TemplateResult {
    if (found.length === 0) return html`<p class="empty" role="status">${t('block.none')}</p>`;
    return html`<div class="scroll" tabindex="0" role="group" aria-label=${t('block.found')}><ul class="list">${found.map((one) => html`<li><span class="name">${one.text} <small>${one.code}</small></span>${this.#toggle(one)}</li>`)}</ul></div>`;
  }

  #toggle({ code, text }: Choice): TemplateResult {
    const isChosen = this.chosen.some((one) => one.code === code);
    const within = this.chosen.some((one) => code.startsWith(one.code));
    return html`<button type="button" class="button small" data-block=${code} ?disabled=${within && !isChosen} aria-pressed=${isChosen ? 'true' : 'false'}
      aria-label=${t(isChosen ? 'block.remove' : 'block.choose_it', { name: text })} @click=${() => { if (isChosen) this.#remove(code); else this.#add({ code, name: text }); }}>${isChosen ? t('block.is_chosen') : within ? t('block.within') : t('block.choose')}</button>`;
  }

  async #open(): Promise<void> {
    if (this.isOpen) return;
    this.isOpen = true;
    const root = admin.state.session?.district?.code;
    if (root !== undefined) await this.#look(root);
  }

  async #look(code: string): Promise<void> {
    this.failure = '';
    try {
      this.block = await client.block(code);
    } catch (error) {
      this.failure = wordsOf(error);
    }
  }

  #type(text: string): void {
    window.clearTimeout(this.#timer);
    this.#abort?.abort();
    if (text.trim() === '') this.found = null;
    else this.#timer = window.setTimeout(() => { void this.#search(text.trim()); }, PAUSE_MS);
  }

  #key(event: KeyboardEvent): void {
    const field = event.target as HTMLInputElement;
    if (event.key === 'Enter') {
      event.preventDefault(); // it chooses here, and does not send the form
      const [first] = this.found ?? [];
      if (first && this.found?.length === 1 && !this.chosen.some(({ code }) => code === first.code)) this.#add({ code: first.code, name: first.text });
    } else if (event.key === 'Escape' && field.value !== '') {
      event.stopPropagation();
      field.value = '';
      this.found = null;
    }
  }

  async #search(text: string): Promise<void> {
    const { signal } = (this.#abort = new AbortController());
    try {
      const answer = await access.locate(CODE.test(text) ? { code: text } : { q: text }, signal);
      const named = answer.candidates.flatMap(({ kind, code, text: name }) => (kind === 'block' && code !== null ? [{ code, text: name }] : []));
      const last = answer.candidates.length === 0 ? answer.chain.at(-1) : undefined;
      this.found = last ? [{ code: last.code, text: nameOf(last) }, ...named] : named;
      this.failure = '';
    } catch (error) {
      if (!signal.aborted) this.failure = wordsOf(error);
    }
  }

  /** A block holds all below it, so what lies in it needs no saying. */
  #add(block: Reached): void {
    this.#tell([...this.chosen.filter(({ code }) => !code.startsWith(block.code)), block]);
  }

  #remove(code: string): void {
    this.#tell(this.chosen.filter((one) => one.code !== code));
    void this.updateComplete.then(() => { this.renderRoot.querySelector<HTMLElement>(`[data-block="${CSS.escape(code)}"], input`)?.focus(); });
  }

  #tell(chosen: Reached[]): void {
    this.chosen = chosen;
    this.dispatchEvent(new CustomEvent('chosen', { detail: chosen }));
  }
}

customElements.define('admin-block-picker', BlockPicker);
