// SPDX-License-Identifier: Apache-2.0
/** The block base and its pillars: which are on, what they are called, and in which order they stand. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Pillar } from '../api';
import { server } from '../server';
import { desk } from './desk';
import { Given } from './form';
import { Panel } from '../../core/ui/panel';

export class Pillars extends Panel<Pillar[]> {
  static override properties = { renaming: { state: true } };
  static override styles = [shared, box, desk, css`
    small { display: block; color: var(--ink-2); }
    form { display: flex; gap: 0.6rem; align-items: end; flex-wrap: wrap; } form label { flex: 1 1 9rem; }
    .acts { display: flex; gap: 0.4rem; justify-content: flex-end; flex-wrap: wrap; }
    .acts .step { min-width: 2.4rem; padding: 0; }
    .switch { display: inline-flex; gap: 0.4rem; align-items: center; font-size: 0.9rem; color: var(--ink); } .switch input { width: auto; }
    @media (max-width: 760px) { .acts { justify-content: flex-start; } }
  `];

  declare renaming: string;

  constructor() {
    super();
    this.renaming = '';
  }

  protected override fetch(): Promise<Pillar[]> {
    return server.pillars();
  }

  protected override view(pillars: Pillar[]): TemplateResult {
    if (pillars.length === 0) return html`<p class="card none">${t('codes.no_pillars')}</p>`;
    return html`${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      <div class="card"><table><thead><tr><th>${t('codes.pillar')}</th><th>${t('codes.enabled')}</th><th></th></tr></thead>
        <tbody>${pillars.map((pillar, place) => this.#row(pillar, place, pillars))}</tbody></table></div>`;
  }

  #row(pillar: Pillar, place: number, pillars: Pillar[]): TemplateResult {
    if (pillar.code === this.renaming) return html`<tr><td colspan="3" class="whole">${this.#form(pillar)}</td></tr>`;
    const name = say(pillar.title);
    // The base stands first: a pillar stands on it.
    const isFirst = place === 0 || pillars[place - 1]?.is_base === true;
    return html`<tr><td data-label=${t('codes.pillar')}><span>${name} ${pillar.is_base ? html`<span class="chip">${t('codes.base')}</span>` : nothing}
        ${pillar.note ? html`<small>${say(pillar.note)}</small>` : nothing}</span></td>
      <td data-label=${t('codes.enabled')} class="fixed"><span><label class="switch">
        <input type="checkbox" ?disabled=${this.busy} .checked=${pillar.is_enabled} aria-label=${t('codes.enable', { name })}
          @change=${(event: Event) => { void this.#enable(pillar, event.target as HTMLInputElement); }} />
        ${pillar.is_enabled ? t('codes.on') : t('codes.off')}</label></span></td>
      <td class="whole"><span class="acts">
        <button class="button small" @click=${() => { void this.#open(pillar); }}>${t('admin.pillar.rename')}</button>
        ${pillar.is_base ? nothing : html`
        <button class="button small step" ?disabled=${this.busy || isFirst} aria-label=${t('admin.pillar.up', { name })} title=${t('admin.pillar.up', { name })}
          @click=${() => { void this.#move(pillars, place, -1); }}>↑</button>
        <button class="button small step" ?disabled=${this.busy || place === pillars.length - 1} aria-label=${t('admin.pillar.down', { name })} title=${t('admin.pillar.down', { name })}
          @click=${() => { void this.#move(pillars, place, 1); }}>↓</button>`}</span></td></tr>`;
  }

  #form(pillar: Pillar): TemplateResult {
    return html`<form @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#rename(pillar, new Given(event.target as HTMLFormElement)); }}
        @keydown=${(event: KeyboardEvent) => { if (event.key === 'Escape') this.renaming = ''; }}>
      <label>${t('admin.form.zh')}<input name="zh" required maxlength="80" .value=${pillar.title.zh} /></label>
      <label>${t('admin.form.en')}<input name="en" required maxlength="80" lang="en" .value=${pillar.title.en} /></label>
      <button class="button main" ?disabled=${this.busy}>${t('admin.save')}</button>
      <button type="button" class="button" @click=${() => { this.renaming = ''; }}>${t('cancel')}</button></form>`;
  }

  async #open(pillar: Pillar): Promise<void> {
    this.renaming = pillar.code;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>('input[name=zh]')?.select();
  }

  async #rename({ code }: Pillar, given: Given): Promise<void> {
    if (!await this.act(() => server.changePillar(code, { title: { zh: given.text('zh'), en: given.text('en') } }))) return;
    this.renaming = '';
    await this.#changed();
  }

  async #enable({ code, is_enabled: before }: Pillar, input: HTMLInputElement): Promise<void> {
    if (await this.act(() => server.changePillar(code, { is_enabled: input.checked }))) await this.#changed();
    else input.checked = before;
  }

  /** Exchanges two neighbours; whoever does not stand at the number of its place is told so. */
  async #move(pillars: Pillar[], place: number, step: 1 | -1): Promise<void> {
    const order = [...pillars];
    order.splice(place + step, 0, ...order.splice(place, 1));
    const moved = await this.act(async () => {
      for (const [position, pillar] of order.entries()) {
        if (pillar.position !== position) await server.changePillar(pillar.code, { position });
      }
    });
    if (moved) await this.#changed();
  }

  async #changed(): Promise<void> {
    await this.reload();
    this.dispatchEvent(new CustomEvent('changed'));
  }
}

customElements.define('admin-pillars', Pillars);
