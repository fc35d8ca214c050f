// SPDX-License-Identifier: Apache-2.0
/** The jobs, newest first, followed as they go: what is under way, what came of the rest, and what the upkeep removed. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Job } from '../../core/api';
import { client } from '../../core/client';
import { count, dayAndTime } from '../../core/format';
import { say, t } from '../../core/i18n';
import { roleName } from '../../core/roles';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import { reportStyle } from '../../core/ui/report';
import type { JobLine, Jobs, JobState, UpkeepRule } from '../access-api';
import { access } from '../access-server';
import { admin } from '../state';
import { kindName, kinds } from '../words';
import { desk } from './desk';
import { loadReport, loadReportStyle } from './load-report';

const PAGE = 50;
/** How often it is asked again, in milliseconds: while something is under way, and while nothing is. */
const BUSY_MS = 2_000;
const CALM_MS = 8_000;
const STATES: readonly JobState[] = ['queued', 'running', 'done', 'refused', 'failed'];

export class JobList extends Panel<Jobs> {
  static override properties = { state: { state: true }, isStale: { state: true }, reports: { state: true } };
  static override styles = [shared, box, desk, reportStyle, loadReportStyle, css`
    .states { display: flex; gap: 0.4rem; flex-wrap: wrap; margin-bottom: 0.8rem; } .states b { font-weight: 600; font-variant-numeric: tabular-nums; margin-left: 0.35rem; }
    .jobs > li { border-bottom: 1px solid var(--line-1); padding: 0.75rem 1.1rem; display: grid; gap: 0.35rem; } .jobs > li:last-child { border-bottom: 0; }
    .top { display: flex; gap: 0.3rem 0.8rem; align-items: baseline; flex-wrap: wrap; } .top strong { font-weight: 600; overflow-wrap: anywhere; }
    .top .when { margin-left: auto; color: var(--ink-2); font-size: 0.84rem; font-variant-numeric: tabular-nums; }
    .facts { color: var(--ink-2); font-size: 0.86rem; margin: 0; overflow-wrap: anywhere; }
    .going { display: grid; grid-template-columns: minmax(0, 24rem) auto; gap: 0.2rem 0.8rem; align-items: center; font-size: 0.86rem; } .going span { grid-column: 1 / -1; }
    summary { cursor: pointer; font-size: 0.86rem; color: var(--accent-ink); width: fit-content; padding: 0.2rem 0; }
    .rules { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 0.15rem 1.4rem; font-size: 0.88rem; padding: 0.3rem 0; }
    .rules li { display: flex; justify-content: space-between; gap: 0.8rem; border-bottom: 1px solid var(--line-1); padding: 0.2rem 0; } .rules b { font-weight: 600; font-variant-numeric: tabular-nums; }
    .trace { font-size: 0.8rem; color: var(--ink-2); margin-top: 0.3rem; overflow-wrap: anywhere; }
  `];
  override watched = [kinds, admin];

  declare state: JobState | '';
  /** The last question had no answer; what is shown is from before. */
  declare isStale: boolean;
  /** The whole reports of those that were opened. */
  declare reports: ReadonlyMap<number, Job['report'] | 'asked' | 'failed'>;
  #timer = 0;

  constructor() {
    super();
    this.state = '';
    this.isStale = false;
    this.reports = new Map();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#wait();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.clearTimeout(this.#timer);
  }

  protected override fetch(): Promise<Jobs> {
    return access.jobs(this.state, undefined, PAGE);
  }

  protected override view({ jobs, counts, next }: Jobs): TemplateResult {
    const all = Object.values(counts).reduce((sum, some) => sum + some, 0);
    return html`<div class="headline"><h2>${t('admin.jobs')}</h2><span>${this.isStale ? html`<span class="chip warn" role="status">${t('jobs.stale')}</span>` : nothing}</span></div>
      <p class="lead">${t('jobs.lead')}</p>
      <div class="states" role="group" aria-label=${t('jobs.state')}>${(['', ...STATES] as const).map((state) => html`<button class="button small" data-state=${state} aria-pressed=${state === this.state ? 'true' : 'false'}
        @click=${() => { this.state = state; void this.reload(); }}>${state === '' ? t('admin.all') : stateName(state)}<b>${count(state === '' ? all : counts[state] ?? 0)}</b></button>`)}</div>
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      <div class="card">${jobs.length === 0 ? html`<p class="none"><strong>${this.state === '' ? t('jobs.none') : t('jobs.none_so')}</strong>${this.state === '' ? t('jobs.none_do') : nothing}</p>`
        : html`<ul class="jobs">${repeat(jobs, ({ id }) => id, (job) => this.#one(job))}</ul>`}
        ${next === null ? nothing : html`<p class="more"><button class="button" ?disabled=${this.busy} @click=${() => { void this.#more(next); }}>${t('admin.more')}</button></p>`}</div>`;
  }

  #one(job: JobLine): TemplateResult {
    const { id, kind, state, file, report, begun_by: by } = job;
    const isGoing = state === 'queued' || state === 'running';
    const name = jobName(kind);
    return html`<li data-job=${id} data-state=${state}><div class="top"><strong>${file ?? name}</strong>${stateChip(state)}<span class="when">${dayAndTime(job.created_at)}</span></div>
      <p class="facts">${[file === null ? '' : name, `#${id}`, by === null ? (kind === 'upkeep' ? t('jobs.by_itself') : '') : [roleName(by.role), by.label].filter(Boolean).join(' · '),
        isGoing || kind === 'upkeep' ? '' : t('jobs.ended', { time: dayAndTime(job.updated_at) })].filter((one) => one !== '').join(' · ')}</p>
      ${isGoing ? html`<div class="going"><progress max="1" .value=${job.progress} aria-label=${t('jobs.progress', { name: file ?? name })}></progress><b class="number">${Math.round(job.progress * 100)} %</b>
        <span class="quiet">${say(job.step) || (state === 'queued' ? t('jobs.waits') : '')}</span></div>`
        : kind === 'upkeep' && report?.rules ? this.#upkeep(report.removed ?? 0, report.rules) : this.#report(job)}</li>`;
  }

  #upkeep(removed: number, rules: Record<string, UpkeepRule>): TemplateResult {
    const told = Object.values(rules);
    return html`<details ?open=${removed > 0 || told.some(({ failed }) => failed !== undefined)}><summary>${t('jobs.removed', { count: count(removed) })}</summary>
      <ul class="rules">${told.map((rule) => html`<li><span>${say(rule.title)}</span>${rule.failed === undefined ? html`<b>${count(rule.removed)}</b>` : html`<span class="failed">${t('jobs.rule_failed', { what: rule.failed })}</span>`}</li>`)}</ul></details>`;
  }

  #report(job: JobLine): TemplateResult {
    const { id, state, report, trace_id: trace } = job;
    const whole = this.reports.get(id);
    const figures = [['report.read', report?.read], ['report.kept', report?.kept], ['report.rejected', report?.rejected]] as const;
    const told = figures.filter(([, value]) => value !== undefined).map(([key, value]) => `${t(key)} ${count(value)}`).join(' · ');
    return html`<details @toggle=${(event: Event) => { if ((event.target as HTMLDetailsElement).open) void this.#read(id); }}><summary>${t('report.title')}${told === '' ? '' : ` · ${told}`}</summary>
      ${whole === undefined ? nothing : whole === 'asked' ? html`<p class="facts" role="status">${t('waiting')}</p>` : whole === 'failed' ? html`<p class="failed">${t('jobs.no_report')}</p>`
        : whole === null ? html`<p class="facts">${state === 'failed' ? t('jobs.broke') : t('jobs.nothing')}</p>` : loadReport(whole)}
      ${report?.load_id ? html`<p><a href="#loads/${report.load_id}">${t('jobs.load', { id: report.load_id })}</a></p>` : nothing}
      ${state === 'failed' || state === 'refused' ? html`<p class="facts">${t('jobs.again')} <a href="#upload">${t('admin.upload')}</a></p>` : nothing}
      ${trace ? html`<p class="trace">${t('jobs.trace')} <code>${trace}</code></p>` : nothing}</details>`;
  }

  async #read(id: number): Promise<void> {
    if (this.reports.has(id) && this.reports.get(id) !== 'failed') return;
    this.reports = new Map(this.reports).set(id, 'asked');
    const found = await client.job(id).then(({ report }) => report, () => 'failed' as const);
    this.reports = new Map(this.reports).set(id, found);
  }

  #wait(): void {
    window.clearTimeout(this.#timer);
    const { queued = 0, running = 0 } = this.data?.counts ?? {};
    this.#timer = window.setTimeout(() => { void this.#follow(); }, queued + running > 0 ? BUSY_MS : CALM_MS);
  }

  /** Asks again without touching what is open or where one is; pages that were turned to stay below. */
  async #follow(): Promise<void> {
    const { state, data } = this;
    if (!document.hidden && data !== null && !this.busy) {
      try {
        const fresh = await access.jobs(state, undefined, PAGE);
        if (state === this.state && this.data !== null) {
          const last = fresh.jobs.at(-1)?.id ?? 0;
          const below = fresh.next === null ? [] : this.data.jobs.filter(({ id }) => id < last);
          this.data = { jobs: [...fresh.jobs, ...below], counts: fresh.counts, next: below.length > 0 ? this.data.next : fresh.next };
        }
        this.isStale = false;
      } catch {
        this.isStale = true;
      }
    }
    if (this.isConnected) this.#wait();
  }

  async #more(before: number): Promise<void> {
    await this.act(async () => {
      const further = await access.jobs(this.state, before, PAGE);
      this.data = { ...further, jobs: [...(this.data?.jobs ?? []), ...further.jobs] };
    });
  }
}

function jobName(kind: string): string {
  switch (kind) {
    case 'upkeep': return t('jobs.upkeep');
    case 'withdrawal': return t('jobs.withdrawal');
    case 'model': return t('jobs.model');
    default: return kindName(kind);
  }
}

function stateName(state: JobState): string {
  switch (state) {
    case 'queued': return t('jobs.queued');
    case 'running': return t('jobs.running');
    case 'done': return t('jobs.done');
    case 'refused': return t('jobs.refused');
    case 'failed': return t('jobs.failed');
  }
}

function stateChip(state: JobState): TemplateResult {
  const look = { queued: '', running: 'warn', done: 'good', refused: 'bad', failed: 'bad' }[state];
  return html`<span class="chip ${look}">${stateName(state)}</span>`;
}

customElements.define('admin-jobs', JobList);
