// SPDX-License-Identifier: Apache-2.0
/** The versions of a business layer: which file made each, and how many rows it added, changed and ended. */
import { html, nothing, type TemplateResult } from 'lit';
import { ApiError } from '../../core/client';
import { count, dayAndTime } from '../../core/format';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { LayerVersion } from '../api';
import { server } from '../server';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';

export class LayerVersions extends Panel<LayerVersion[]> {
  static override properties = { code: {} };
  static override styles = [shared, box, desk];

  declare code: string;

  constructor() {
    super();
    this.code = '';
  }

  protected override async fetch(): Promise<LayerVersion[]> {
    try {
      return await server.layerVersions(this.code);
    } catch (error) {
      // A server that keeps no account of versions has none to show.
      if (error instanceof ApiError && error.status === 404) return [];
      throw error;
    }
  }

  protected override view(versions: LayerVersion[]): TemplateResult {
    if (versions.length === 0) return html`<p class="empty">${t('admin.version.none')}</p>`;
    return html`<table><thead><tr><th class="number">${t('admin.version.version')}</th><th>${t('load.when')}</th><th>${t('load.file')}</th><th class="number">${t('admin.version.added')}</th>
      <th class="number">${t('admin.version.changed')}</th><th class="number">${t('admin.version.ended')}</th><th class="number">${t('admin.layer.rows')}</th></tr></thead>
      <tbody>${versions.map((one) => html`<tr><td data-label=${t('admin.version.version')} class="number">${one.number}</td>
        <td data-label=${t('load.when')} class="fixed">${dayAndTime(one.as_of)}</td>
        <td data-label=${t('load.file')} class="wide"><span>${one.load_id === null ? one.file ?? '–' : html`<a href="#loads/${one.load_id}">${one.file ?? `#${one.load_id}`}</a>`}
          ${one.withdraws === null ? nothing : html`<span class="chip">${t('admin.version.withdraws', { load: one.withdraws })}</span>`}</span></td>
        <td data-label=${t('admin.version.added')} class="number">${count(one.added)}</td><td data-label=${t('admin.version.changed')} class="number">${count(one.changed)}</td>
        <td data-label=${t('admin.version.ended')} class="number">${count(one.ended)}</td><td data-label=${t('admin.layer.rows')} class="number">${count(one.rows)}</td></tr>`)}</tbody></table>`;
  }
}

customElements.define('admin-layer-versions', LayerVersions);
