// SPDX-License-Identifier: Apache-2.0
/** What people say of a dataset: title, owner, steward, licence, class, how often it comes anew. */
import { html, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Dataset } from '../api';
import { server } from '../server';
import { className, kindName } from '../words';
import { desk } from './desk';
import { DeskForm, formStyle, Given } from './form';

const CLASSES = [1, 2, 3, 4];

export class DatasetForm extends DeskForm {
  static override properties = { given: { attribute: false } };
  static override styles = [shared, box, desk, formStyle];

  declare given: Dataset | null;

  constructor() {
    super();
    this.given = null;
  }

  override render(): TemplateResult {
    const { given } = this;
    const stated = given?.stated_class === undefined ? given?.access_class : given.stated_class;
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#save(new Given(event.target as HTMLFormElement)); }}>
      <h2>${t('admin.dataset.describe', { kind: kindName(given?.kind ?? ''), source: given?.source_id ?? '' })}</h2>
      ${this.field('zh', t('admin.form.zh'), html`<input name="zh" maxlength="80" .defaultValue=${given?.title?.zh ?? ''} />`)}
      ${this.field('en', t('admin.form.en'), html`<input name="en" maxlength="80" lang="en" .defaultValue=${given?.title?.en ?? ''} />`)}
      ${this.field('owner', t('admin.layer.owner'), html`<input name="owner" maxlength="100" .defaultValue=${given?.owner ?? ''} />`, t('admin.form.department'))}
      ${this.field('steward', t('admin.dataset.steward'), html`<input name="steward" maxlength="100" .defaultValue=${given?.steward ?? ''} />`, t('admin.dataset.steward_hint'))}
      ${this.field('licence', t('admin.dataset.licence'), html`<input name="licence" maxlength="200" .defaultValue=${given?.licence ?? ''} />`)}
      ${this.field('refresh_days', t('admin.form.refresh'), html`<input name="refresh_days" type="number" min="1" max="3660" .defaultValue=${String(given?.refresh_days ?? '')} />`, t('admin.form.refresh_hint'))}
      ${this.field('access_class', t('admin.layer.class'), html`<select name="access_class"><option value="" ?selected=${stated === null}>${t('admin.dataset.class_of_rows')}</option>
        ${CLASSES.map((one) => html`<option value=${one} ?selected=${one === stated}>${className(one)}</option>`)}</select>`, t('admin.dataset.class_hint'))}
      ${this.field('note', t('admin.dataset.note'), html`<textarea name="note" rows="2" maxlength="2000" .defaultValue=${given?.note ?? ''}></textarea>`, '', 'whole')}
      ${this.buttons(t('admin.save'))}</form>`;
  }

  async #save(given: Given): Promise<void> {
    const [zh, en] = [given.text('zh'), given.text('en')];
    if ((zh === '') !== (en === '')) {
      this.complain(zh === '' ? 'zh' : 'en', t('admin.dataset.both_titles'));
      return;
    }
    const id = this.given?.id ?? 0;
    await this.send(() => server.describeDataset(id, {
      title: zh === '' ? null : { zh, en }, owner: given.textOrNull('owner'), steward: given.textOrNull('steward'), licence: given.textOrNull('licence'),
      note: given.textOrNull('note'), refresh_days: given.numberOrNull('refresh_days'), access_class: given.numberOrNull('access_class'),
    }), id);
  }
}

customElements.define('admin-dataset-form', DatasetForm);
