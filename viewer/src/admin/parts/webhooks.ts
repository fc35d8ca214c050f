// SPDX-License-Identifier: Apache-2.0
/** Which systems are told of changes, how that goes, and what to do where it does not. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Collection } from '../../core/api';
import { client } from '../../core/client';
import { count, dayAndTime, listed } from '../../core/format';
import { nameOf, say, t } from '../../core/i18n';
import { roleName } from '../../core/roles';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { Webhook, WebhookProblem } from '../access-api';
import { access } from '../access-server';
import { className } from '../words';
import './confirm';
import { confirm } from './confirm';
import { desk } from './desk';
import './once-shown';
import type { SavedWebhook } from './webhook-form';
import './webhook-form';

/** `names`: of the blocks that are named. */
interface Shown { webhooks: Webhook[]; layers: Collection[]; names: ReadonlyMap<string, string> }

/** So many blocks are asked for by name; the rest are shown by their codes. */
const MOST_NAMES = 40;

export class Webhooks extends Panel<Shown> {
  static override properties = { editing: { state: true }, made: { state: true } };
  static override styles = [shared, box, desk, css`
    .hooks { display: grid; gap: 0.8rem; } .one { padding: 0.9rem 1.1rem 1rem; border: 1px solid var(--line); display: grid; gap: 0.6rem; }
    .top { display: flex; gap: 0.4rem 1rem; justify-content: space-between; align-items: flex-start; flex-wrap: wrap; } .top h3 { margin: 0; overflow-wrap: anywhere; display: inline; margin-right: 0.4rem; }
    .url { display: block; color: var(--ink-2); font-size: 0.86rem; overflow-wrap: anywhere; }
    .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 9rem), 1fr)); gap: 0.5rem 1rem; font-size: 0.9rem; } dt { font-size: 0.78rem; color: var(--ink-2); } dd { overflow-wrap: anywhere; }
    .acts { display: flex; gap: 0.4rem; flex-wrap: wrap; }
    @media (max-width: 760px) { .facts { grid-template-columns: 1fr 1fr; } }
  `];

  /** The webhook in the form: 0 is a new one, null none. */
  declare editing: number | null;
  declare made: SavedWebhook | null;

  constructor() {
    super();
    this.editing = this.made = null;
  }

  protected override async fetch(): Promise<Shown> {
    const [webhooks, layers] = await Promise.all([access.webhooks(), client.collections()]);
    const codes = [...new Set(webhooks.flatMap(({ block_codes: some }) => some))].slice(0, MOST_NAMES);
    const names = await Promise.all(codes.map((code) => client.block(code).then((block) => [code, nameOf(block)] as const, () => [code, code] as const)));
    return { webhooks, names: new Map(names), layers: layers.filter(({ blocktwin }) => (blocktwin as Collection['blocktwin'] | undefined) !== undefined) };
  }

  protected override view({ webhooks, layers, names }: Shown): TemplateResult {
    return html`<div class="headline"><h2>${t('admin.webhooks')}</h2><span class="acts"><button class="button" @click=${() => { void this.reload(); }}>${t('audit.refresh')}</button>
        <button class="button main" @click=${() => { this.editing = 0; this.made = null; }}>${t('webhook.new')}</button></span></div>
      <p class="lead">${t('webhook.lead')}</p>
      ${this.made?.secret ? html`<admin-once-shown .heading=${t('webhook.made', { url: this.made.url })} .name=${t('webhook.secret')} .secret=${this.made.secret} .hint=${t('webhook.secret_hint')}
        @kept=${() => { this.made = null; }}></admin-once-shown>` : nothing}
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      ${this.editing === null ? nothing : keyed(this.editing, html`<admin-webhook-form .layers=${layers} .names=${names} .given=${webhooks.find(({ id }) => id === this.editing) ?? null} @left=${() => { this.#leave(); }}
        @saved=${(event: CustomEvent<SavedWebhook>) => { this.#leave(); this.made = event.detail; void this.reload(); }}></admin-webhook-form>`)}
      ${webhooks.length === 0 ? html`<p class="card none"><strong>${t('webhook.none')}</strong>${t('webhook.none_do')}</p>`
        : html`<div class="hooks">${repeat(webhooks, ({ id }) => id, (one) => this.#one(one, layers, names))}</div>`}
      <admin-confirm></admin-confirm>`;
  }

  #one(hook: Webhook, layers: Collection[], names: Shown['names']): TemplateResult {
    const titleOf = (id: string): string => say(layers.find((layer) => layer.id === id)?.blocktwin.title) || id;
    const failing = hook.state !== 'ok';
    return html`<section class="card one" data-webhook=${hook.id} data-state=${hook.state}><div class="top"><div><h3>${hook.label ?? hostOf(hook.url)}</h3>${stateChip(hook)}
          <span class="url">${hook.url}</span></div>
        <div class="acts"><button class="button small" data-do="edit" @click=${() => { this.editing = hook.id; this.made = null; }}>${t('admin.edit')}</button>
          ${failing ? html`<button class="button small" data-do="again" ?disabled=${this.busy} @click=${() => { void this.#do(() => access.redeliver(hook.id)); }}>${t('webhook.redeliver')}</button>` : nothing}
          <button class="button small" data-do="pause" ?disabled=${this.busy} @click=${() => { void this.#do(() => access.changeWebhook(hook.id, { is_active: !hook.is_active })); }}>${hook.is_active ? t('webhook.pause') : t('webhook.resume')}</button>
          <button class="button small" data-do="secret" ?disabled=${this.busy} @click=${() => { void this.#rotate(hook); }}>${t('webhook.rotate')}</button>
          <button class="button small" data-do="drop" ?disabled=${this.busy} @click=${() => { void this.#drop(hook); }}>${t('admin.delete')}</button></div></div>
      ${hook.problem === null || !failing ? nothing : html`<p class="failed">${problemText(hook.problem, hook.status)} ${t('webhook.tried', { count: count(hook.attempts), time: dayAndTime(hook.failing_since) })}
        ${hook.state === 'dead' ? t('webhook.dead_do') : hook.next_attempt_at === null ? '' : t('webhook.next', { time: dayAndTime(hook.next_attempt_at) })}</p>`}
      <dl class="facts"><div><dt>${t('webhook.layers')}</dt><dd>${hook.layers.length === 0 ? t('admin.all') : listed(hook.layers.map(titleOf))}</dd></div>
        <div><dt>${t('people.blocks')}</dt><dd>${hook.block_codes.length === 0 ? t('webhook.all_in_reach') : listed(hook.block_codes.map((code) => names.get(code) ?? code))}</dd></div>
        <div><dt>${t('webhook.class')}</dt><dd>${className(hook.access_class)}</dd></div>
        <div><dt>${t('webhook.owner')}</dt><dd>${hook.is_own ? t('webhook.own') : [roleName(hook.owner.role), hook.owner.label].filter(Boolean).join(' · ')}</dd></div>
        <div><dt>${t('webhook.delivered')}</dt><dd>${hook.delivered_at === null ? t('webhook.nothing_yet') : dayAndTime(hook.delivered_at)}</dd></div>
        <div><dt>${t('webhook.messages')}</dt><dd>${count(hook.messages)}</dd></div>
        <div><dt>${t('webhook.behind')}</dt><dd>${count(hook.behind)}</dd></div></dl></section>`;
  }

  #leave(): void {
    const { editing } = this;
    this.editing = null;
    void this.updateComplete.then(() => { this.renderRoot.querySelector<HTMLElement>(editing ? `[data-webhook="${editing}"] [data-do=edit]` : '.headline .button.main')?.focus(); });
  }

  async #do(deed: () => Promise<unknown>): Promise<void> {
    if (await this.act(deed)) await this.reload();
  }

  async #rotate(hook: Webhook): Promise<void> {
    if (!await confirm(this, { title: t('webhook.ask_rotate', { url: hostOf(hook.url) }), why: t('webhook.ask_rotate_why'), deed: t('webhook.rotate'), isGrave: false })) return;
    await this.act(async () => { this.made = { url: hook.url, secret: await access.rotateSecret(hook.id) }; });
  }

  async #drop(hook: Webhook): Promise<void> {
    if (!await confirm(this, { title: t('webhook.ask_drop', { url: hostOf(hook.url) }), why: t('webhook.ask_drop_why'), deed: t('admin.delete') })) return;
    await this.#do(() => access.dropWebhook(hook.id));
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function stateChip({ is_active: isActive, state }: Webhook): TemplateResult {
  if (!isActive) return html`<span class="chip">${t('webhook.paused')}</span>`;
  if (state === 'dead') return html`<span class="chip bad">${t('webhook.dead')}</span>`;
  return state === 'failing' ? html`<span class="chip warn">${t('webhook.failing')}</span>` : html`<span class="chip good">${t('webhook.ok')}</span>`;
}

function problemText(problem: WebhookProblem, status: number | null): string {
  switch (problem) {
    case 'address': return t('webhook.problem.address');
    case 'network': return t('webhook.problem.network');
    case 'tls': return t('webhook.problem.tls');
    case 'timeout': return t('webhook.problem.timeout');
    case 'status': return t('webhook.problem.status', { status: status ?? '–' });
    case 'redirect': return t('webhook.problem.redirect');
    case 'gone': return t('webhook.problem.gone');
    case 'owner': return t('webhook.problem.owner');
  }
}

customElements.define('admin-webhooks', Webhooks);
