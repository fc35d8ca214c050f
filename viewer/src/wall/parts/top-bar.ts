// SPDX-License-Identifier: Apache-2.0
/** District, breadcrumb, signs of life, clock. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { cityData } from '../../core/city-data';
import { timeOfDay, today } from '../../core/format';
import { language, nameOf, switchLanguage, t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { focusBlock } from '../drill';
import { wall } from '../state';

export class TopBar extends TwinElement {
  static override styles = [shared, css`
    :host { display: grid; grid-template-columns: 1fr auto 1fr; align-items: center; gap: 1.2rem; padding: 0.6rem 1.1rem;
      background: linear-gradient(to bottom, var(--paper) 35%, transparent); }
    h1 { font-size: 1.5rem; font-weight: 650; letter-spacing: 0.06em; line-height: 1.2; white-space: nowrap; }
    .title { display: flex; align-items: center; gap: 0.8rem; min-width: 0; }
    .badge { font-size: 0.76rem; line-height: 1; padding: 0.36rem 0.55rem; border-radius: 1rem; border: 1px solid var(--line-2);
      color: var(--ink-2); white-space: nowrap; }
    .synthetic { color: var(--warm); border-color: color-mix(in srgb, var(--warm) 45%, transparent); }
    .live { display: inline-flex; gap: 0.42rem; align-items: center; }
    .live::before { content: ''; width: 0.5rem; height: 0.5rem; border-radius: 50%; background: var(--ink-2); }
    .live.is-live::before { background: var(--good); }
    .live.is-live { color: var(--good); }
    .live.is-stale, .live.is-down { color: var(--bad); border-color: var(--bad); }
    .live.is-stale::before, .live.is-down::before { background: var(--bad); }
    nav ol { display: flex; align-items: center; font-size: 1rem; background: var(--panel); border: 1px solid var(--line);
      border-radius: 2rem; padding: 0.2rem 0.35rem; max-width: 56vw; overflow: hidden; }
    nav li { display: flex; align-items: center; white-space: nowrap; min-width: 0; }
    nav li + li::before { content: '›'; color: var(--ink-2); padding: 0 0.1rem; }
    nav button { padding: 0.22rem 0.7rem; border-radius: 1.4rem; color: var(--ink-2); overflow: hidden; text-overflow: ellipsis; }
    nav button:hover { background: var(--hover); color: var(--ink); }
    nav [aria-current] { color: var(--ink); font-weight: 600; }
    .right { display: flex; justify-content: flex-end; align-items: center; gap: 0.8rem; }
    .clock { text-align: right; line-height: 1.1; }
    .clock b { font-size: 1.45rem; font-weight: 600; letter-spacing: 0.03em; }
    .clock small { display: block; font-size: 0.74rem; color: var(--ink-2); white-space: nowrap; }
    .tool { font-size: 0.84rem; min-width: 2.4rem; min-height: 2.1rem; padding: 0 0.6rem; border-radius: 0.5rem;
      border: 1px solid var(--line); background: var(--panel); white-space: nowrap; }
    .tool:hover { background: var(--hover); }
    .tool[aria-pressed='true'] { border-color: var(--accent); color: var(--accent-ink); }
    @media (max-aspect-ratio: 17/10) { h1 { font-size: 1.25rem; } }
    @media (max-width: 760px) {
      :host { grid-template-columns: 1fr auto; gap: 0.5rem; padding: 0.55rem 0.8rem; background: var(--paper); }
      nav { grid-column: 1 / -1; grid-row: 2; } nav ol { max-width: none; overflow-x: auto; }
      .clock { display: none; } .title { flex-wrap: wrap; gap: 0.3rem 0.5rem; } h1 { font-size: 1.05rem; white-space: normal; }
    }
  `];

  #tick = 0;
  override watched = [wall, cityData];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#tick = window.setInterval(() => { this.requestUpdate(); }, 1_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.clearInterval(this.#tick);
  }

  override render(): TemplateResult {
    const { session } = cityData.state;
    const { block, connection, lastSign, listOpen } = wall.state;
    const now = new Date();
    const trail = block ? [...block.ancestors, block] : [];
    const sign = lastSign === 0 ? '' : timeOfDay(new Date(lastSign), true);
    return html`
      <div class="title">
        <h1>${session?.district ? t('wall.title', { name: nameOf(session.district) }) : 'Blocktwin'}</h1>
        ${session?.synthetic ? html`<span class="badge synthetic">${t('synthetic')}</span>` : nothing}
        ${session?.role === 'public' ? html`<span class="badge">${t('role.public')}</span>` : nothing}
      </div>
      <nav aria-label=${t('breadcrumb')}><ol>
        ${trail.map((one, index) => html`<li><button
          aria-current=${index === trail.length - 1 ? 'location' : nothing}
          @click=${() => { void focusBlock(one.code); }}>${nameOf(one)}</button></li>`)}
      </ol></nav>
      <div class="right">
        <span class="badge live is-${connection}" role="status"
          title=${sign}>${connection === 'live' ? t('live.live') : connection === 'connecting' ? t('live.connecting')
            : sign === '' ? t('live.never') : t('live.since', { time: sign })}</span>
        <button class="tool" aria-pressed=${listOpen} @click=${() => { wall.set({ listOpen: !listOpen }); }}
          title="T">${t('list.open')}</button>
        <button class="tool" @click=${() => { switchLanguage(); }} title="L"
          lang=${language.state.code === 'en' ? 'zh-CN' : 'en'}>${language.state.code === 'en' ? '中文' : 'EN'}</button>
        <div class="clock"><b class="number">${timeOfDay(now, true)}</b><small>${today(now)}</small></div>
      </div>`;
  }
}

customElements.define('wall-top-bar', TopBar);
