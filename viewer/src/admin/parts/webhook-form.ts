// SPDX-License-Identifier: Apache-2.0
/** Says which system is told of which changes, or changes that. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Collection } from '../../core/api';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { GivenWebhook, Reached, Webhook } from '../access-api';
import { access } from '../access-server';
import { admin } from '../state';
import { className } from '../words';
import './block-picker';
import { desk } from './desk';
import { DeskForm, formStyle, Given } from './form';

export interface SavedWebhook { url: string; secret: string | null }

export class WebhookForm extends DeskForm {
  static override properties = { ...DeskForm.properties, given: { attribute: false }, layers: { attribute: false }, names: { attribute: false }, blocks: { state: true } };
  static override styles = [shared, box, desk, formStyle, css`
    .layers { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr)); gap: 0.3rem 1rem; max-height: 14rem; overflow: auto; }
  `];

  declare given: Webhook | null;
  /** The layers that the asker sees. */
  declare layers: Collection[];
  declare names: ReadonlyMap<string, string>;
  declare blocks: Reached[];

  constructor() {
    super();
    this.given = null;
    this.layers = [];
    this.names = new Map();
    this.blocks = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.blocks = (this.given?.block_codes ?? []).map((code) => ({ code, name: this.names.get(code) ?? null }));
  }

  override render(): TemplateResult {
    const { given } = this;
    const highest = admin.state.session?.access_class ?? 1;
    const chosen = given?.access_class ?? Math.min(2, highest);
    const classes = Array.from({ length: Math.max(highest, chosen) }, (_, at) => at + 1);
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#save(event.target as HTMLFormElement); }}>
      <h2>${given ? t('webhook.edit') : t('webhook.new')}</h2>
      ${this.field('url', t('webhook.url'), html`<input name="url" type="url" required maxlength="2000" autocomplete="off" spellcheck="false" placeholder="https://" .value=${given?.url ?? ''} />`, t('webhook.url_hint'), 'wide')}
      ${this.field('label', t('access.label'), html`<input name="label" maxlength="100" autocomplete="off" .value=${given?.label ?? ''} />`, t('access.label_hint'))}
      ${this.field('access_class', t('webhook.class'), html`<select name="access_class">${classes.map((one) => html`<option value=${one} ?selected=${one === chosen}>${className(one)}</option>`)}</select>`, t('webhook.class_hint'))}
      <fieldset><legend>${t('webhook.layers')}</legend><p class="hint">${t('webhook.layers_hint')}</p>
        <div class="layers" tabindex="0" role="group" aria-label=${t('webhook.layers')}>${this.layers.map(({ id, blocktwin }) => html`<label class="choice"><input type="checkbox" name="layers" value=${id} .checked=${given?.layers.includes(id) === true} /><span>${say(blocktwin.title)}</span></label>`)}</div></fieldset>
      <div class="whole field" ?data-wrong=${this.wrong === 'block_codes'}><admin-block-picker name="block_codes" .label=${t('webhook.blocks')} .chosen=${this.blocks} @chosen=${(event: CustomEvent<Reached[]>) => { this.blocks = event.detail; }}></admin-block-picker>
        ${this.wrong === 'block_codes' ? html`<span class="failed" role="alert">${this.refusal}</span>` : nothing}<span class="hint">${t('webhook.blocks_hint')}</span></div>
      ${this.buttons(given ? t('admin.save') : t('webhook.make'))}</form>`;
  }

  async #save(form: HTMLFormElement): Promise<void> {
    const given = new Given(form);
    const layers = [...form.querySelectorAll<HTMLInputElement>('input[name=layers]:checked')].map(({ value }) => value);
    // A layer that the asker does not see stays as it is.
    const unseen = (this.given?.layers ?? []).filter((id) => !this.layers.some((layer) => layer.id === id));
    const wanted: GivenWebhook = {
      url: given.text('url'), label: given.textOrNull('label'), layers: [...layers, ...unseen], block_codes: this.blocks.map(({ code }) => code), access_class: Number(given.text('access_class')),
    };
    const saved: SavedWebhook = { url: wanted.url, secret: null };
    await this.send(async () => {
      if (this.given) await access.changeWebhook(this.given.id, changesOf(this.given, wanted));
      else saved.secret = (await access.makeWebhook(wanted)).secret;
    }, saved);
  }
}

/** What is different; what is not sent stays, and is not checked against what the asker may read. */
function changesOf(before: Webhook, wanted: GivenWebhook): Partial<GivenWebhook> {
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof GivenWebhook])));
}

customElements.define('admin-webhook-form', WebhookForm);
