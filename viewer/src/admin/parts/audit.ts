// SPDX-License-Identifier: Apache-2.0
/** The audit log, newest first: who did what to what, narrowed as one likes; the end of its chain, and all of it as a file. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { listed, valueText } from '../../core/format';
import { language, t } from '../../core/i18n';
import { roleName, ROLES } from '../../core/roles';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { AuditEntry, AuditFilter, AuditPage } from '../access-api';
import { access } from '../access-server';
import { server } from '../server';
import { admin } from '../state';
import { VERBS, verbGroup, verbName } from '../verbs';
import { className } from '../words';
import './audit-head';
import { desk } from './desk';
import { Given } from './form';

const PAGE = 50;
const NONE: AuditFilter = { since: '', until: '', verb: '', token_id: '', role: '', object: '', outcome: '' };

export class Audit extends Panel<AuditPage> {
  static override properties = { open: { state: true }, names: { state: true } };
  static override styles = [shared, box, desk, css`
    form { padding: 0.9rem 1.1rem 1rem; margin-bottom: 1.1rem; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 11.5rem), 1fr)); gap: 0.7rem 0.8rem; align-items: end; }
    form .row { display: flex; gap: 0.5rem; }
    form .row { align-self: end; } td.when { width: 1%; }
    td small { display: block; color: var(--ink-2); font-size: 0.8rem; overflow-wrap: anywhere; } td.when { font-variant-numeric: tabular-nums; }
    .more-of { text-align: left; } td.whole dl { display: grid; grid-template-columns: 8.5rem minmax(0, 1fr); gap: 0.2rem 0.8rem; font-size: 0.86rem; padding: 0.2rem 0 0.5rem; }
    dt { color: var(--ink-2); } dd { overflow-wrap: anywhere; } tr.detail:hover, tr.detail { background: var(--raised); } tr.opened td { border-bottom: 0; }
    @media (max-width: 760px) { form { grid-template-columns: 1fr 1fr; } form .moment, form .row { grid-column: 1 / -1; } td.when { width: auto; } td.whole dl { grid-template-columns: 6.2rem minmax(0, 1fr); } tr.opened { border-bottom: 0; } tr.opened + tr.detail { padding-top: 0; } }
  `];
  override watched = [admin];

  /** The entries whose details are shown. */
  declare open: ReadonlySet<number>;
  /** What tokens and accounts are called, as far as the asker may know. */
  declare names: ReadonlyMap<number, string>;
  #filter = NONE;

  constructor() {
    super();
    this.open = new Set();
    this.names = new Map();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (admin.state.session?.role === 'admin') void this.#learn();
  }

  /** The address may name a token or account. */
  protected override key(): string {
    return `of ${admin.state.item}`;
  }

  protected override fetch(): Promise<AuditPage> {
    if (this.#filter.token_id === '' && admin.state.item !== '') this.#filter = { ...this.#filter, token_id: admin.state.item };
    return access.audit(this.#filter, undefined, PAGE);
  }

  protected override view({ entries, next }: AuditPage): TemplateResult {
    return html`<div class="headline"><h2>${t('admin.audit')}</h2><a class="button" href="/audit/export" download="audit.jsonl">${t('audit.export')}</a></div>
      <p class="lead">${t('audit.lead')}</p>
      <admin-audit-head></admin-audit-head>
      ${this.#form()}
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      <div class="card">${entries.length === 0 ? html`<p class="none"><strong>${t('audit.none')}</strong>${t('audit.none_do')}</p>` : html`<table>
        <thead><tr><th>${t('audit.when')}</th><th>${t('audit.who')}</th><th>${t('audit.verb')}</th><th>${t('audit.object')}</th><th>${t('audit.class')}</th><th><span class="visually-hidden">${t('audit.detail')}</span></th></tr></thead>
        <tbody>${repeat(entries, ({ id }) => id, (entry) => this.#row(entry))}</tbody></table>`}
        ${next === null ? nothing : html`<p class="more"><button class="button" ?disabled=${this.busy} @click=${() => { void this.#more(next); }}>${t('admin.more')}</button></p>`}</div>`;
  }

  #form(): TemplateResult {
    const filter = this.#filter;
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); this.#narrow(new Given(event.target as HTMLFormElement)); }}>
      <label class="moment">${t('audit.since')}<input type="datetime-local" name="since" .value=${filter.since} /></label>
      <label class="moment">${t('audit.until')}<input type="datetime-local" name="until" .value=${filter.until} /></label>
      <label>${t('audit.verb')}<select name="verb"><option value="">${t('admin.all')}</option>
        ${VERBS.map(({ group, verbs }) => html`<optgroup label=${verbGroup(group)}><option value="${group}." ?selected=${filter.verb === `${group}.`}>${t('audit.all_of', { name: verbGroup(group) })}</option>
          ${verbs.map((verb) => html`<option value=${verb} ?selected=${filter.verb === verb}>${verbName(verb)}</option>`)}</optgroup>`)}</select></label>
      <label>${t('access.role')}<select name="role"><option value="">${t('admin.all')}</option>${[...ROLES, 'load'].map((role) => html`<option value=${role} ?selected=${filter.role === role}>${role === 'load' ? t('audit.by_load') : roleName(role)}</option>`)}</select></label>
      <label>${t('audit.number')}<input name="token_id" inputmode="numeric" pattern="[0-9]{1,18}" autocomplete="off" .value=${filter.token_id} /></label>
      <label>${t('audit.object')}<input name="object" maxlength="200" autocomplete="off" spellcheck="false" placeholder="layer:buildings" .value=${filter.object} /></label>
      <label>${t('audit.outcome')}<select name="outcome"><option value="">${t('admin.all')}</option>
        <option value="done" ?selected=${filter.outcome === 'done'}>${t('audit.done')}</option><option value="refused" ?selected=${filter.outcome === 'refused'}>${t('audit.refused')}</option></select></label>
      <div class="row"><button class="button main">${t('audit.search')}</button><button type="button" class="button" @click=${() => { this.#clear(); }}>${t('audit.clear')}</button></div></form>`;
  }

  #row(entry: AuditEntry): TemplateResult {
    const isOpen = this.open.has(entry.id);
    return html`<tr class=${isOpen ? 'opened' : ''} data-verb=${entry.verb}><td class="fixed when" data-label=${t('audit.when')}>${moment(entry.at)}</td>
      <td data-label=${t('audit.who')}><span>${this.#who(entry)}</span></td>
      <td data-label=${t('audit.verb')}><span>${verbName(entry.verb)} ${entry.outcome === 'refused' ? html`<span class="chip bad">${t('audit.refused')}</span>` : nothing}<small>${entry.verb}</small></span></td>
      <td class="wide" data-label=${t('audit.object')}><code>${entry.object}</code></td>
      <td class="fixed" data-label=${t('audit.class')}>${entry.access_class === null ? '–' : className(entry.access_class)}</td>
      <td class="whole"><button class="button small" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => { this.#toggle(entry.id); }}>${t('audit.detail')}</button></td></tr>
      ${isOpen ? html`<tr class="detail"><td colspan="6" class="whole">${this.#detail(entry)}</td></tr>` : nothing}`;
  }

  /** Nobody named: somebody wrote past the application. */
  #who({ role, token_id: id, database_user: user, program }: AuditEntry): TemplateResult {
    if (role === null && id === null) return html`${t('audit.direct')}<small>${[user, program].filter((one) => one !== null).join(' · ')}</small>`;
    const name = id === null ? undefined : this.names.get(id);
    return html`${role === 'load' ? t('audit.by_load') : roleName(role)}${id === null ? nothing : html`<small>${name === undefined ? '' : `${name} · `}#${id}</small>`}`;
  }

  #detail(entry: AuditEntry): TemplateResult {
    const facts: [string, unknown][] = [
      [t('audit.seq'), entry.seq ?? t('audit.unsealed')], [t('audit.hash'), entry.hash], [t('people.purpose'), entry.purpose],
      [t('people.reach'), entry.scope === null ? null : listed(entry.scope)], [t('audit.request'), entry.request_id],
      [t('audit.connected'), [entry.database_user, entry.program].filter((one) => one !== null).join(' · ')],
      ...Object.entries(entry.details),
    ];
    return html`<dl>${facts.filter(([, value]) => value !== null && value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${Array.isArray(value) ? value.join(', ') : valueText(value)}</dd>`)}</dl>`;
  }

  #toggle(id: number): void {
    const open = new Set(this.open);
    if (!open.delete(id)) open.add(id);
    this.open = open;
  }

  #narrow(given: Given): void {
    this.#filter = Object.fromEntries(Object.keys(NONE).map((name) => [name, given.text(name)])) as unknown as AuditFilter;
    void this.#ask();
  }

  #clear(): void {
    this.#filter = NONE;
    this.renderRoot.querySelector('form')?.reset();
    if (admin.state.item === '') void this.#ask();
    else location.hash = 'audit'; // which asks
  }

  /** A question that cannot be answered leaves what is shown, and the fields, as they are. */
  async #ask(): Promise<void> {
    await this.act(async () => { this.data = await access.audit(this.#filter, undefined, PAGE); });
  }

  async #more(before: number): Promise<void> {
    await this.act(async () => {
      const further = await access.audit(this.#filter, before, PAGE);
      this.data = { ...further, entries: [...(this.data?.entries ?? []), ...further.entries] };
    });
  }

  async #learn(): Promise<void> {
    try {
      const [{ accounts }, { tokens }] = await Promise.all([access.accounts(), server.tokens()]);
      this.names = new Map([...accounts.map(({ id, login }) => [id, login] as const), ...tokens.flatMap(({ id, label }) => (label === null ? [] : [[id, label] as const]))]);
    } catch {
      // Numbers say who it was as well.
    }
  }
}

/** To the second: the order of what was done matters. */
function moment(text: string): string {
  return new Date(text).toLocaleString(language.state.code, { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
}

customElements.define('admin-audit', Audit);
