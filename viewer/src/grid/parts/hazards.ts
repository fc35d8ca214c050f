// SPDX-License-Identifier: Apache-2.0
/** Hazards of an object or a block, each with its way so far and the next step of whoever looks. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { dayAndTime } from '../../core/format';
import { language, say, t } from '../../core/i18n';
import { roleName } from '../../core/roles';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { Hazard, HazardAction, HazardDetail } from '../api';
import { typed } from '../form-text';
import { sendPhotos } from '../photos';
import { server } from '../server';
import { changed, follow, grid, linkTo } from '../state';
import { declaredOf, wordFor } from '../words';
import { look } from './look';
import './photo-field';
import type { PhotoField } from './photo-field';

interface Page { hazards: Hazard[]; next: number | null }
const PAGE = 50;
const CLOSED = ['verified', 'rejected'];

export class Hazards extends Panel<Page> {
  static override properties = { at: {}, number: { type: Number }, block: {}, open: { state: true }, doing: { state: true } };
  static override styles = [shared, box, look, css`
    :host { display: block; }
    li.one { padding: 0.5rem 0; border-bottom: 1px solid var(--line-1); } li.one:last-child { border: 0; }
    li.one > button { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.2rem 0.7rem; width: 100%; text-align: left; min-height: 2.4rem; align-items: center; font-size: 0.92rem; }
    li.one > button small { color: var(--ink-2); grid-column: 1 / -1; }
    ol { border-left: 0.15rem solid var(--line-2); padding: 0.2rem 0 0.2rem 0.8rem; margin: 0.3rem 0 0.5rem 0.3rem; font-size: 0.86rem; } ol li { padding: 0.2rem 0; }
    form { display: grid; gap: 0.6rem; margin: 0.5rem 0; }
  `];
  override watched = [grid];

  declare at: string;
  declare number: number;
  /** Set instead of `at`: the unfinished ones of the block. */
  declare block: string;
  declare open: HazardDetail | null;
  declare doing: HazardAction | null;

  constructor() {
    super();
    this.at = '';
    this.number = 0;
    this.block = '';
    this.open = null;
    this.doing = null;
  }

  protected override key(): string {
    return `${this.at}/${this.number}/${this.block} ${grid.state.generation} ${language.state.code}`;
  }

  protected override async fetch(): Promise<Page> {
    this.open = null;
    if (this.at !== '') return server.hazards({ object: this.at, object_id: this.number, limit: PAGE });
    const states = ['found', 'assigned', 'returned', 'rectified'];
    const pages = await Promise.all(states.map((state) => server.hazards({ block: this.block, state, limit: PAGE })));
    const hazards = pages.flatMap((page) => page.hazards).sort((one, other) => Number(other.is_overdue) - Number(one.is_overdue)
      || one.severity - other.severity || one.found_at.localeCompare(other.found_at));
    return { hazards, next: pages.find(({ next }) => next !== null)?.next ?? null };
  }

  protected override view({ hazards, next }: Page): TemplateResult {
    const open = hazards.filter(({ state }) => !CLOSED.includes(state)).length;
    return html`<h3 class="spread">${t('grid.hazards')} <span class="chip ${open > 0 ? 'bad' : 'good'}">${t('grid.hazards_open', { count: next === null ? open : `${open}+` })}</span></h3>
      ${hazards.length === 0 ? html`<p class="note">${t('grid.hazards_none')}</p>` : html`<ul>${hazards.map((hazard) => this.#one(hazard))}</ul>`}
      ${next === null ? nothing : html`<p class="note">${t('grid.first', { count: hazards.length })}</p>`}`;
  }

  #one(hazard: Hazard): TemplateResult {
    const isOpen = this.open?.hazard.id === hazard.id;
    const tone = CLOSED.includes(hazard.state) ? '' : hazard.is_overdue ? 'bad' : 'warn';
    return html`<li class="one" data-hazard=${hazard.id}><button aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => { void this.#toggle(hazard.id, isOpen); }}>
        <span>${wordFor(declaredOf('hazards', 'hazard_kind'), hazard.hazard_kind)} · ${hazard.description ?? hazard.name}</span>
        <span class="chip ${tone}">${wordFor(declaredOf('hazards', 'state'), hazard.state)}${hazard.is_overdue ? ` · ${t('grid.overdue')}` : ''}</span>
        <small>${wordFor(declaredOf('hazards', 'severity'), hazard.severity)} · ${dayAndTime(hazard.found_at)}${hazard.due ? ` · ${t('grid.due', { day: hazard.due })}` : ''}
          ${hazard.organisation ? ` · ${hazard.organisation}` : ''}</small></button>
      ${isOpen && this.open ? this.#detail(this.open) : nothing}</li>`;
  }

  #detail({ hazard, possible }: HazardDetail): TemplateResult {
    return html`<ol>${(hazard.actions ?? []).map((step) => html`<li>${dayAndTime(step.at)} · ${wordFor(declaredOf('hazards', 'state'), step.to)} · ${roleName(step.role)}
        ${step.note === null ? '' : html`<br />${step.note}`}
        ${step.photos.length === 0 ? nothing : html`<div class="photos">${step.photos.map((one) => html`<a href="/photos/${one}" target="_blank" rel="noopener"><img src="/photos/${one}" alt=${t('proposals.photo')} loading="lazy" /></a>`)}</div>`}</li>`)}</ol>
      <div class="row">${this.at === '' ? objectLink(hazard) : nothing}${possible.map((action) => html`<button class="button small" aria-pressed=${this.doing === action ? 'true' : 'false'} @click=${() => { this.doing = this.doing === action ? null : action; }}>
        ${actionName(action)}</button>`)}</div>
      ${this.doing !== null && possible.includes(this.doing) ? this.#form(hazard.id, this.doing) : nothing}`;
  }

  #form(id: number, action: HazardAction): TemplateResult {
    return html`<form @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#step(id, action, event.target as HTMLFormElement); }}>
      ${action === 'assign' ? html`<label>${t('grid.organisation')}<input name="organisation" required maxlength="100" /></label><label>${t('grid.due_day')}<input name="due" type="date" required /></label>` : nothing}
      <label>${t('grid.note')}<textarea name="note" maxlength="500" ?required=${action === 'return' || action === 'reject'} placeholder=${t('grid.no_persons')}></textarea></label>
      ${action === 'rectify' ? html`<grid-photos></grid-photos>` : nothing}
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      <div class="row"><button class="button main" ?disabled=${this.busy}>${actionName(action)}</button></div></form>`;
  }

  async #toggle(id: number, isOpen: boolean): Promise<void> {
    this.doing = null;
    this.refusal = '';
    if (isOpen) this.open = null;
    else await this.act(async () => { this.open = await server.hazard(id); });
  }

  async #step(id: number, action: HazardAction, form: HTMLFormElement): Promise<void> {
    const data = new FormData(form);
    const text = (name: string): string | undefined => typed(data, name) || undefined;
    const files = form.querySelector<PhotoField>('grid-photos')?.files ?? [];
    const done = await this.act(async () => server.step(id, {
      action, note: text('note'), organisation: text('organisation'), due: text('due'), photos: await sendPhotos(files),
    }));
    if (done) changed();
  }
}

/** Where it was found: what is inspected has a list of its own. */
function objectLink({ object_kind: kind, object_id: id }: Hazard): TemplateResult | typeof nothing {
  const register = grid.state.registers.find(({ layer }) => layer.startsWith(kind));
  if (!register) return nothing;
  const view = { part: 'registers', register: register.name, entry: id, q: '', filter: '', sort: '' } as const;
  return html`<a href=${linkTo(view)} @click=${follow(view)}>${say(register.title)} #${id}</a>`;
}

function actionName(action: HazardAction): string {
  switch (action) {
    case 'assign': return t('grid.do_assign');
    case 'rectify': return t('grid.do_rectify');
    case 'verify': return t('grid.do_verify');
    case 'return': return t('grid.do_return');
    case 'reject': return t('grid.do_reject');
  }
}

customElements.define('grid-hazards', Hazards);
