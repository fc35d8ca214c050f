// SPDX-License-Identifier: Apache-2.0
/** The grid manager's page: a block, what is in it, its registers, and what waits there to be done. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { language, t, type Key } from '../core/i18n';
import { box } from '../core/ui/box';
import { shared, TwinElement } from '../core/ui/element';
import { defineSignIn } from '../core/ui/sign-in';
import './parts/block-path';
import './parts/grid-bar';
import { look } from './parts/look';
import './parts/mine';
import './parts/profile';
import './parts/queue';
import './parts/registers';
import { begin, follow, go, grid, linkTo, type Part, type View } from './state';

interface Place { key: Key; icon: string; view: Partial<View> }

const ICONS = {
  profile: 'M4 20V10M10 20V4M16 20v-7M22 20H2', registers: 'M4 6h16M4 12h16M4 18h10',
  map: 'M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2zM9 4v14M15 6v14', mine: 'M4 12l5 5L20 6',
} as const;

export class GridPage extends TwinElement {
  static override styles = [shared, box, look, css`
    :host { position: fixed; inset: 0; display: grid; grid-template: auto minmax(0, 1fr) / minmax(0, 1fr); background: var(--paper); }
    nav.parts { display: flex; gap: 0.2rem; padding: 0 1.2rem; }
    nav.parts a { display: flex; align-items: center; gap: 0.4rem; padding: 0.5rem 0.85rem 0.6rem; font-size: 0.95rem; color: var(--ink-2); text-decoration: none;
      white-space: nowrap; border-bottom: 0.16rem solid transparent; }
    nav.parts a:hover { color: var(--ink); }
    nav.parts a[aria-current] { color: var(--accent-ink); border-color: var(--accent); font-weight: 600; }
    nav.parts a:focus-visible { outline-offset: -0.14rem; }
    svg { width: 1.35rem; height: 1.35rem; fill: none; stroke: currentcolor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; flex: none; }
    header { background: var(--panel-solid); border-bottom: 1px solid var(--line); min-width: 0; z-index: 3; }
    main { overflow: auto; min-height: 0; }
    main { display: flex; flex-direction: column; } main > * { flex: none; }
    main > .card { margin: 1rem auto; width: min(34rem, 100% - 1.4rem); }
    .notices { width: 100%; max-width: 84rem; margin: 0 auto; padding: 0 1.5rem; } .notices > :not([data-empty]) { margin-top: 1rem; }
    .page { width: 100%; max-width: 84rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; display: grid; gap: 1rem; }
    .page.full { max-width: none; flex: 1; min-height: 0; padding-bottom: 1rem; grid-template-rows: auto minmax(0, 1fr); }
    .narrow { max-width: 34rem; margin: 8vh auto 0; padding: 1.2rem; } .narrow p { margin-bottom: 0.6rem; }
    nav.parts svg { display: none; }
    .skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: 0.4rem; background: var(--panel-solid); padding: 0.4rem 0.8rem; z-index: 9; }
    @media (max-width: 760px) {
      .narrow { margin: 1rem 0.7rem 0; padding: 0.4rem; }
      :host { grid-template-rows: auto minmax(0, 1fr) auto; }
      .notices { padding: 0 0.7rem; }
      .page.full grid-path { --tools: none; }
      .page { padding: 0.7rem 0.7rem 1.5rem; gap: 0.7rem; } .page.full { padding-bottom: 0.6rem; }
      nav.parts { order: 3; grid-row: 3; padding: 0; background: var(--panel-solid); border-top: 1px solid var(--line); display: grid;
        grid-template-columns: repeat(4, 1fr); gap: 0; padding-bottom: env(safe-area-inset-bottom); }
      nav.parts a { flex-direction: column; gap: 0.1rem; justify-content: center; min-height: 3.6rem; padding: 0.3rem; font-size: 0.78rem; border-bottom: 0;
        border-top: 0.16rem solid transparent; }
      nav.parts svg { display: block; }
    }
    /* A profile on paper is the brief that goes on to others: the page without what one works it with. */
    @media print {
      :host { position: static; display: block; }
      header, nav.parts, .notices { display: none; }
      main { overflow: visible; display: block; } .page { padding: 0; }
    }
  `];
  override watched = [grid];

  override firstUpdated(): void {
    void begin();
    grid.subscribe((state, before) => {
      if (state.part !== before.part || state.code !== before.code || state.entry !== before.entry) {
        this.renderRoot.querySelector('main')?.scrollTo({ top: 0 });
      }
    });
    const name = (): void => { document.title = t('grid.title'); };
    language.subscribe(name);
    name();
  }

  override render(): TemplateResult {
    const { session, phase, failure, block, blockFailure, part, map } = grid.state;
    const isIn = phase === 'ready' && session !== null && session.role !== 'public';
    return html`<header><a class="skip" href="#main" @click=${(event: Event) => { event.preventDefault(); this.renderRoot.querySelector('main')?.focus(); }}>${t('grid.skip')}</a>
        <grid-bar></grid-bar>${isIn && !this.#isNarrow() ? this.#parts() : nothing}</header>
      <main tabindex="-1"><div class="notices"><grid-queue></grid-queue></div>${!isIn ? this.#outside(failure) : html`<div class=${part === 'registers' && map ? 'page full' : 'page'}>
        ${blockFailure === '' ? block === null ? html`<p class="note" role="status">${t('block.loading')}</p>` : html`<grid-path></grid-path>`
          : html`<div class="card none" role="alert"><p class="failed">${blockFailure}</p>
            <button class="button" @click=${() => { go({ code: session.scope[0] ?? '' }); }}>${t('grid.home')}</button></div>`}
        ${this.#part(part)}</div>`}</main>
      ${isIn && this.#isNarrow() ? this.#parts() : nothing}`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    narrow.addEventListener('change', () => { this.requestUpdate(); });
  }

  #isNarrow(): boolean {
    return narrow.matches;
  }

  #outside(failure: string): TemplateResult {
    const { phase, session } = grid.state;
    if (failure !== '') return html`<p class="card none" role="alert">${failure} ${t('retrying')}</p>`;
    if (phase === 'loading' || !session) return html`<p class="card none" role="status">${t('waiting')}</p>`;
    return html`<div class="card narrow"><grid-sign-in></grid-sign-in></div>`;
  }

  #part(part: Part): TemplateResult {
    switch (part) {
      case 'profile': return html`<grid-profile></grid-profile>`;
      case 'registers': return html`<grid-registers></grid-registers>`;
      case 'mine': return html`<grid-mine></grid-mine>`;
    }
  }

  #parts(): TemplateResult {
    const { part, map } = grid.state;
    const places: (Place & { isHere: boolean })[] = [
      { key: 'grid.profile', icon: ICONS.profile, view: { part: 'profile', entry: null }, isHere: part === 'profile' },
      { key: 'grid.registers', icon: ICONS.registers, view: { part: 'registers', map: false }, isHere: part === 'registers' && !map },
      { key: 'grid.map', icon: ICONS.map, view: { part: 'registers', map: true }, isHere: part === 'registers' && map },
      { key: 'grid.mine', icon: ICONS.mine, view: { part: 'mine', entry: null }, isHere: part === 'mine' },
    ];
    return html`<nav class="parts" aria-label=${t('grid.parts')}>${places.map(({ key, icon, view, isHere }) => html`
      <a href=${linkTo(view)} aria-current=${isHere ? 'page' : nothing} @click=${follow(view)}>
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${icon} /></svg>${t(key)}</a>`)}</nav>`;
  }
}

const narrow = window.matchMedia('(max-width: 760px)');

defineSignIn('grid-sign-in', () => t('grid.signin'));
customElements.define('twin-grid', GridPage);
