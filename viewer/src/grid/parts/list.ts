// SPDX-License-Identifier: Apache-2.0
/** The entries of a register in the block: searched, narrowed, sorted, page by page, and taken along as a file. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { PropertyDeclaration } from '../../core/api';
import { count } from '../../core/format';
import { language, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { Entries, EntryLine, Register } from '../api';
import { MOST_EXPORTED, server, type Narrowing } from '../server';
import { follow, go, grid, linkTo, openRegister } from '../state';
import { entryTitle, wordFor, withUnit } from '../words';
import { look } from './look';
import { conditionsView, filterForm } from './narrow';

const PAGE = 50;
const COLUMNS = 8;
const FORMS = ['xlsx', 'csv', 'gpkg', 'geojson'] as const;
const FORM_NAMES = { xlsx: 'Excel', csv: 'CSV', gpkg: 'GeoPackage', geojson: 'GeoJSON' } as const;

export class ListPart extends Panel<Entries> {
  static override properties = { narrow: { type: Boolean }, isFiltering: { state: true } };
  static override styles = [shared, box, look, css`
    :host { display: block; min-width: 0; }
    .tools { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: end; padding: 0.8rem 0.9rem; border-bottom: 1px solid var(--line); }
    .tools form { flex: 1 1 14rem; } .tools .sort { flex: 0 1 12rem; }
    .found { padding: 0.55rem 0.9rem; display: flex; flex-wrap: wrap; gap: 0.3rem 0.8rem; justify-content: space-between; align-items: center; border-bottom: 1px solid var(--line-1); }
    .found .forms:not([hidden]) { display: flex; flex-wrap: wrap; gap: 0.35rem; align-items: center; }
    .wide { overflow-x: auto; }
    thead th button { font: inherit; color: inherit; min-height: 1.8rem; } thead th[aria-sort] button { color: var(--accent-ink); font-weight: 600; }
    tbody tr { cursor: pointer; } tbody tr:hover { background: var(--raised); }
    td a { font-weight: 600; text-decoration: none; } td a:hover { text-decoration: underline; }
    td { max-width: 18rem; overflow-wrap: anywhere; } td:first-child { min-width: 9rem; }
    ul.cards li a { display: block; padding: 0.75rem 0.9rem; border-bottom: 1px solid var(--line-1); text-decoration: none; color: inherit; }
    ul.cards li a:hover { background: var(--raised); }
    ul.cards strong { color: var(--accent-ink); font-weight: 600; overflow-wrap: anywhere; }
    ul.cards p { font-size: 0.86rem; color: var(--ink-2); overflow-wrap: anywhere; }
    .more { display: flex; justify-content: center; padding: 0.8rem; }
    ul.conditions { display: flex; flex-wrap: wrap; gap: 0.4rem; padding: 0.5rem 0.9rem 0; }
    ul.conditions button { display: inline-flex; gap: 0.4rem; align-items: center; background: var(--hover); border-radius: 1rem; padding: 0.25rem 0.7rem; font-size: 0.84rem; min-height: 1.9rem; }
    .drawn { padding: 0.3rem 0 0.7rem; border-bottom: 1px solid var(--line-1); } .drawn .note { padding: 0.4rem 0.9rem 0; }
    form.condition { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: end; padding: 0.7rem 0.9rem; border-bottom: 1px solid var(--line); background: var(--raised); }
    form.condition label { flex: 1 1 8rem; }
    @media (max-width: 760px) { ul.conditions button { min-height: 2.4rem; } .tools .button { flex: 1; } .tools form { flex: 1 1 100%; } .tools .sort { flex: 1 1 8rem; } .found .forms .button { padding: 0 0.6rem; } }
  `];
  override watched = [grid];

  declare narrow: boolean;
  declare isFiltering: boolean;
  #timer = 0;

  constructor() {
    super();
    this.narrow = false;
    this.isFiltering = false;
  }

  get #narrowing(): Narrowing {
    const { q, filter, sort, code } = grid.state;
    return { q, filter, sort, block: code };
  }

  protected override key(): string {
    const { q, filter, sort, block } = this.#narrowing;
    return block === '' ? '' : [openRegister(grid.state)?.name, grid.state.box, block, q, filter, sort, grid.state.generation, language.state.code].join('|');
  }

  protected override fetch(): Promise<Entries> {
    return this.#read(null);
  }

  #read(after: number | string | null): Promise<Entries> {
    const register = openRegister(grid.state);
    const { box: drawn } = grid.state;
    if (register && drawn !== '') return server.entriesIn(register, drawn, after === null ? null : String(after), PAGE);
    return server.entries(register?.name ?? '', this.#narrowing, after ?? 0, PAGE);
  }

  override render(): TemplateResult {
    const register = openRegister(grid.state);
    if (!register) return html``;
    if (grid.state.box !== '') {
      return html`<div class="card"><div class="drawn"><ul class="conditions"><li><button title=${t('grid.remove')} data-do="whole" @click=${() => { go({ box: '' }); }}>
        ${t('grid.in_box', { box: grid.state.box })} <span aria-hidden="true">×</span><span class="visually-hidden">${t('grid.remove')}</span></button></li></ul>
        <p class="note">${t('grid.in_box_note')}</p></div>${super.render()}</div>`;
    }
    const { q, sort } = grid.state;
    return html`<div class="card"><div class="tools">
        <form role="search" @submit=${(event: Event) => { event.preventDefault(); this.#search(); }}><label>${t('grid.list_search')}
          <input type="search" name="q" .value=${q} placeholder=${t('grid.list_hint')} enterkeyhint="search" @input=${() => {
            window.clearTimeout(this.#timer);
            this.#timer = window.setTimeout(() => { this.#search(); }, 300);
          }} /></label></form>
        <label class="sort">${t('grid.sort')}<select name="sort" @change=${(event: Event) => { go({ sort: (event.target as HTMLSelectElement).value }, false); }}>
          <option value="" ?selected=${sort === ''}>${t('grid.sort_plain')}</option>
          ${register.properties.flatMap((one) => [['', 'grid.rising'], ['-', 'grid.falling']].map(([sign = '', key]) => html`
            <option value="${sign}${one.name}" ?selected=${sort === `${sign}${one.name}`}>${say(one.title)} ${key === 'grid.rising' ? '↑' : '↓'}</option>`))}</select></label>
        <button class="button" aria-expanded=${this.isFiltering ? 'true' : 'false'} @click=${() => { this.isFiltering = !this.isFiltering; }}>${t('grid.filter')}</button></div>
      ${this.isFiltering ? filterForm(register, (condition) => { this.#add(condition); }) : nothing}
      ${conditionsView(register, grid.state.filter)}
      ${super.render()}</div>`;
  }

  protected override view({ entries, numberMatched, next, register, box: drawn = '' }: Entries): TemplateResult {
    const open = openRegister(grid.state);
    if (open?.name !== register || drawn !== grid.state.box) return html`<p class="none" role="status">${t('waiting')}</p>`;
    const isTooMany = drawn !== '' && numberMatched > MOST_EXPORTED;
    return html`<div class="found"><span class="note" role="status">${t('grid.found', { count: count(numberMatched), shown: count(entries.length) })}</span>
        <span class="forms" ?hidden=${this.narrow && phone.matches}><span class="note">${t('grid.export')}</span>${FORMS.map((form) => html`<button class="button small" data-form=${form} ?disabled=${this.busy || entries.length === 0 || isTooMany} title=${isTooMany ? t('grid.in_box_many', { count: MOST_EXPORTED }) : nothing}
          @click=${() => { void this.act(() => (drawn === '' ? server.export(open.name, this.#narrowing, form) : server.exportIn(open, drawn, form))); }}>${FORM_NAMES[form]}</button>`)}</span></div>
      ${this.refusal === '' ? nothing : html`<p class="failed pad" role="alert">${this.refusal}</p>`}
      ${entries.length === 0 ? html`<p class="none"><strong>${t('grid.none')}</strong>${t('grid.none_do')}</p>`
        : this.narrow || phone.matches ? cards(open, entries) : this.#table(open, entries)}
      ${next === null ? nothing : html`<p class="more"><button class="button" ?disabled=${this.busy} @click=${() => { void this.#more(next); }}>${t('admin.more')}</button></p>`}`;
  }

  #table(register: Register, entries: EntryLine[]): TemplateResult {
    const columns = register.properties.slice(0, COLUMNS);
    const { sort } = grid.state;
    return html`<div class="wide"><table><thead><tr>${columns.map((one) => {
        const isHere = sort.replace('-', '') === one.name;
        return html`<th class=${isNumber(one) ? 'number' : ''} aria-sort=${isHere ? sort.startsWith('-') ? 'descending' : 'ascending' : nothing}>
          <button @click=${() => { go({ sort: sort === one.name ? `-${one.name}` : isHere ? '' : one.name }, false); }}>${say(one.title)}${one.unit ? ` (${one.unit})` : ''}
          ${isHere ? sort.startsWith('-') ? '↓' : '↑' : ''}</button></th>`;
      })}</tr></thead>
      <tbody>${entries.map((entry) => html`<tr data-id=${entry.id} @click=${follow({ entry: entry.id })}>${columns.map((one, index) => index === 0
        ? html`<td><a href=${linkTo({ entry: entry.id })}>${entryTitle(register.properties, entry.properties, entry.id)}</a></td>`
        : html`<td class=${isNumber(one) ? 'number' : ''}>${wordFor(one, entry.properties[one.name])}</td>`)}</tr>`)}</tbody></table></div>`;
  }

  #search(): void {
    window.clearTimeout(this.#timer);
    const field = this.renderRoot.querySelector<HTMLInputElement>('input[name=q]');
    if (field && field.value.trim() !== grid.state.q) go({ q: field.value.trim() }, false);
  }

  #add(condition: string): void {
    go({ filter: [...grid.state.filter.split('\n').filter((line) => line !== '' && line !== condition), condition].join('\n') }, false);
    this.isFiltering = false;
  }

  async #more(after: number | string): Promise<void> {
    await this.act(async () => {
      const further = await this.#read(after);
      if (this.data?.register === further.register && this.data.box === further.box) this.data = { ...further, entries: [...this.data.entries, ...further.entries] };
    });
  }
}

const phone = window.matchMedia('(max-width: 760px)');

function isNumber({ type, values }: PropertyDeclaration): boolean {
  return (type === 'number' || type === 'integer') && !values;
}

function cards(register: Register, entries: EntryLine[]): TemplateResult {
  return html`<ul class="cards">${entries.map(({ id, properties }) => {
    const title = entryTitle(register.properties, properties, id);
    const facts = register.properties.filter(({ name }) => properties[name] !== null && properties[name] !== undefined && properties[name] !== title).slice(0, 4);
    return html`<li><a href=${linkTo({ entry: id })} data-id=${id} @click=${follow({ entry: id })}><strong>${title}</strong>
      <p>${facts.map((one) => `${say(one.title)} ${withUnit(one, properties[one.name])}`).join(' · ')}</p></a></li>`;
  })}</ul>`;
}

customElements.define('grid-list', ListPart);
