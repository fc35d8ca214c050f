// SPDX-License-Identifier: Apache-2.0
/** The models of the city. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Model } from '../../core/api';
import { count, dayAndTime } from '../../core/format';
import { t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { openModel } from '../models';
import { plan } from '../state';
import { box } from '../../core/ui/box';
import { stateChip } from './state-chip';

export class ModelList extends TwinElement {
  static override styles = [shared, box, css`
    section { border-bottom: 0; }
    ul { display: grid; gap: 0.4rem; }
    button { width: 100%; text-align: left; border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.55rem 0.75rem; background: var(--panel-solid); }
    button:hover { background: var(--hover); }
    button[aria-current] { border-color: var(--accent); box-shadow: inset 0.2rem 0 0 var(--accent); }
    .name { display: flex; justify-content: space-between; gap: 0.5rem; align-items: center; }
    .name span:first-child { font-weight: 600; font-size: 0.94rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    small { color: var(--ink-2); font-size: 0.78rem; }
  `];
  override watched = [plan];

  override render(): TemplateResult {
    const { models, modelsFailure } = plan.state;
    return html`<section><h2>${t('models.title')}</h2>
      ${modelsFailure !== '' ? html`<p class="failed" role="alert">${modelsFailure}</p>`
        : models === null ? html`<p class="empty">${t('waiting')}</p>`
        : models.length === 0 ? html`<p class="empty">${t('models.none')}</p>`
        : html`<ul>${models.map((model) => this.#model(model))}</ul>`}</section>`;
  }

  #model(model: Model): TemplateResult {
    const here = plan.state.model?.id === model.id;
    return html`<li><button aria-current=${here ? 'true' : nothing} @click=${() => { void openModel(model.id); }}>
      <span class="name"><span>${model.name}</span>${stateChip(model.state)}</span>
      <small>${t('models.facts', { storeys: count(model.storeys), elements: count(model.elements) })} · ${dayAndTime(model.created_at)}</small></button></li>`;
  }
}

customElements.define('plan-models', ModelList);
