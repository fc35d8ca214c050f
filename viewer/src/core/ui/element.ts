// SPDX-License-Identifier: Apache-2.0
/** What all our elements share: the language, stores that redraw them, and the typeface rules of the page. */
import { css, LitElement } from 'lit';
import { language } from '../i18n';

interface Watchable { subscribe(listener: () => void): () => void }

export class TwinElement extends LitElement {
  /** Stores whose change redraws this element. */
  protected watched: Watchable[] = [];
  #leave: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#leave = [language, ...this.watched].map((store) => store.subscribe(() => { this.requestUpdate(); }));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const leave of this.#leave) leave();
  }
}

export const shared = css`
  :host { display: block; box-sizing: border-box; color: var(--ink); }
  :host([hidden]) { display: none; }
  *, *::before, *::after { box-sizing: border-box; }
  h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
  ul, ol { list-style: none; }
  h2, h3 { font-weight: 600; }
  button, input { font: inherit; color: inherit; }
  button { cursor: pointer; background: none; border: 0; padding: 0; }
  button:disabled { cursor: not-allowed; opacity: 0.45; }
  :focus-visible { outline: 0.14rem solid var(--focus); outline-offset: 0.12rem; border-radius: 0.2rem; }
  .number { font-variant-numeric: tabular-nums; font-feature-settings: 'tnum'; }
  .quiet { color: var(--ink-2); }
  .visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  ::-webkit-scrollbar { width: 0.4rem; height: 0.4rem; }
  ::-webkit-scrollbar-thumb { background: var(--line-2); border-radius: 0.2rem; }
`;
