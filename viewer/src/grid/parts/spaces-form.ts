// SPDX-License-Identifier: Apache-2.0
/** All the space for rent of a park, a line each: changed, added, taken away, and kept together. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { NewSpace, Space } from '../api';
import { typed } from '../form-text';
import { server } from '../server';
import { changed } from '../state';
import { areaText, declaredOf, spaceStateName } from '../words';
import { EntryForm } from './form';
import { look } from './look';

const STATES = ['vacant', 'reserved', 'let'] as const;

interface Line { key: number; space: NewSpace }

export class SpacesForm extends EntryForm {
  static override properties = { spaces: { attribute: false }, lines: { state: true }, isFaster: { state: true } };
  static override styles = [shared, box, look, css`
    :host { display: block; } form { display: grid; gap: 0.7rem; }
    ol { max-height: 60vh; overflow: auto; display: grid; gap: 0.5rem; }
    li { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.2rem, 1fr)); gap: 0.5rem; align-items: end; padding: 0.6rem 0.7rem; border: 1px solid var(--line-1); border-radius: 0.5rem; }
    li > span { grid-column: 1 / -1; } li.wrong { border-color: var(--bad); }
    @media (max-width: 760px) { ol { max-height: none; } li { grid-template-columns: 1fr 1fr; } .row .button { flex: 1 1 8rem; } }
  `];

  declare spaces: Space[];
  declare lines: Line[];
  declare isFaster: boolean;
  #seen = '';
  #next = 0;

  constructor() {
    super();
    this.lines = [];
    this.isFaster = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#seen = stamp(this.spaces);
    this.lines = this.spaces.map((space) => ({ key: ++this.#next, space }));
  }

  override render(): TemplateResult {
    const codes = (this.entry.about.buildings?.shown ?? []).flatMap(({ code, name }) => (code === null ? [] : [{ code, name }]));
    return html`<form @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#submit(event.target as HTMLFormElement); }} @input=${() => { this.requestUpdate(); }}>
      <h3 style="margin:0">${t('grid.spaces_edit')}</h3><p class="note">${t('grid.spaces_hint')}</p>
      ${this.isFaster ? html`<p class="warned" role="alert">${t('grid.spaces_conflict')}</p>` : nothing}
      <datalist id="codes">${codes.map(({ code, name }) => html`<option value=${code}>${name ?? code}</option>`)}</datalist>
      <ol>${this.lines.map(({ key, space }, at) => this.#line(key, space, at))}</ol>
      <p class="note" role="status">${this.#total()}</p>${this.refused()}
      <div class="row"><button type="button" class="button" data-do="add" @click=${() => { this.#add(codes[0]?.code ?? ''); }}>${t('grid.spaces_add')}</button>
        <button class="button main" ?disabled=${this.busy}>${this.isFaster ? t('grid.save_over') : t('grid.save')}</button>
        <button type="button" class="button" @click=${() => { this.leave(); }}>${t('cancel')}</button></div></form>`;
  }

  #line(key: number, space: NewSpace, at: number): TemplateResult {
    const uses = declaredOf('units', 'use')?.values ?? {};
    const use = space.use ?? '';
    const isWrong = this.problems.some(({ where }) => where === `spaces/${at}` || where.startsWith(`spaces/${at}/`));
    return html`<li class=${isWrong ? 'wrong' : ''} data-line=${at}><span class="spread"><b class="note">${t('grid.spaces_row', { row: at + 1 })}</b>
        <button type="button" class="link" @click=${() => { this.lines = this.lines.filter((one) => one.key !== key); }}>${t('grid.remove')}</button></span>
      <label>${t('grid.building')}<input name="${key}/building" list="codes" required pattern="[0-9A-Za-z\\-]{1,32}" autocomplete="off" .defaultValue=${space.building_code} /></label>
      <label>${t('grid.storey_number')}<input name="${key}/storey" type="number" min="-30" max="250" step="1" .defaultValue=${space.storey_number === null ? '' : String(space.storey_number)} /></label>
      <label>${t('grid.unit_code')}<input name="${key}/unit" pattern="[0-9A-Za-z\\-]{1,40}" autocomplete="off" .defaultValue=${space.unit_code ?? ''} /></label>
      <label>${t('grid.area')} (m²)<input name="${key}/area" type="number" min="0.01" max="1000000" step="any" required .defaultValue=${space.area > 0 ? String(space.area) : ''} /></label>
      <label>${t('grid.use')}<select name="${key}/use"><option value="">–</option>${Object.entries(uses).map(([value, word]) => html`<option value=${value} ?selected=${value === use}>${say(word)}</option>`)}
        ${use !== '' && !uses[use] ? html`<option value=${use} selected>${use}</option>` : nothing}</select></label>
      <label>${t('grid.state')}<select name="${key}/state">${STATES.map((one) => html`<option value=${one} ?selected=${one === space.state}>${spaceStateName(one)}</option>`)}</select></label>
      <label>${t('grid.available_from')}<input name="${key}/from" type="date" .defaultValue=${space.available_from ?? ''} /></label></li>`;
  }

  protected override fieldName(where: string): string {
    const at = /^spaces\/(\d+)/u.exec(where)?.[1];
    return at === undefined ? where : t('grid.spaces_row', { row: Number(at) + 1 });
  }

  #add(code: string): void {
    const space: NewSpace = { building_code: this.lines.at(-1)?.space.building_code ?? code, storey_number: null, unit_code: null, area: 0, use: null, state: 'vacant', available_from: null };
    this.lines = [...this.lines, { key: ++this.#next, space }];
    void this.updateComplete.then(() => {
      const last = this.renderRoot.querySelector<HTMLElement>('li:last-child');
      last?.scrollIntoView({ block: 'nearest' });
      last?.querySelector<HTMLElement>('input')?.focus();
    });
  }

  #read(form: HTMLFormElement): NewSpace[] {
    const data = new FormData(form);
    return this.lines.map(({ key }) => {
      const text = (name: string): string => typed(data, `${key}/${name}`);
      return {
        building_code: text('building'), storey_number: text('storey') === '' ? null : Number(text('storey')), unit_code: text('unit') || null, area: Number(text('area')),
        use: text('use') || null, state: STATES.find((one) => one === text('state')) ?? 'vacant', available_from: text('from') || null,
      };
    });
  }

  #total(): string {
    const form = this.renderRoot.querySelector('form');
    const known = new Map(form ? this.#read(form).map((space, at) => [this.lines[at]?.key, space] as const) : []);
    // A line that has just been added is not in the page yet.
    const spaces = this.lines.map(({ key, space }) => (form?.elements.namedItem(`${key}/area`) ? known.get(key) ?? space : space));
    const sum = (all: NewSpace[]): string => areaText(all.reduce((total, { area }) => total + area, 0));
    return t('grid.spaces_total', { count: spaces.length, area: sum(spaces), vacant: sum(spaces.filter(({ state }) => state === 'vacant')) });
  }

  async #submit(form: HTMLFormElement): Promise<void> {
    const id = this.entry.feature.id;
    const spaces = this.#read(form);
    let written = { inserted: 0, updated: 0, removed: 0, unchanged: 0 };
    const other = { isFaster: false };
    const done = await this.act(async () => {
      // All of it is replaced: what somebody else wrote meanwhile is not written over unseen.
      const now = stamp((await server.spaces(id)).spaces);
      other.isFaster = now !== this.#seen;
      this.#seen = now;
      if (!other.isFaster) written = await server.putSpaces(id, spaces);
    });
    this.isFaster = other.isFaster;
    if (!done || other.isFaster) return;
    changed();
    this.finish(t('grid.spaces_saved', { inserted: written.inserted, updated: written.updated, removed: written.removed }));
  }
}

/** Equal for equal spaces. */
function stamp(spaces: readonly Space[]): string {
  return JSON.stringify(spaces.map(({ building_code: building, storey_number: storey, unit_code: unit, area, use, state, available_from: from }) =>
    [building, storey, unit, area, use, state, from]));
}

customElements.define('grid-spaces-form', SpacesForm);
