// SPDX-License-Identifier: Apache-2.0
/** Photos for a form: from the camera of a phone, or from files. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { shrink } from '../photos';
import { look } from './look';

const MOST = 10;

export class PhotoField extends TwinElement {
  static override properties = { photos: { state: true }, busy: { state: true } };
  static override styles = [shared, box, look, css`
    label.button { cursor: pointer; color: var(--ink); font-size: 0.9rem; }
    label.button:focus-within { outline: 0.14rem solid var(--focus); outline-offset: 0.12rem; }
    input { position: absolute; width: 1px; height: 1px; min-height: 0; opacity: 0; padding: 0; }
    figure { margin: 0; position: relative; }
    figure button { position: absolute; right: 0.25rem; top: 0.25rem; width: 2rem; height: 2rem; border-radius: 1rem; background: rgb(0 0 0 / 60%); color: #fff; }
  `];

  declare photos: { photo: Blob; url: string }[];
  declare busy: boolean;

  constructor() {
    super();
    this.photos = [];
    this.busy = false;
  }

  get files(): Blob[] {
    return this.photos.map(({ photo }) => photo);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const { url } of this.photos) URL.revokeObjectURL(url);
  }

  override render(): TemplateResult {
    return html`<div class="row"><label class="button"><span>${t('grid.photo_camera')}</span><input type="file" accept="image/*" capture="environment"
          aria-label=${t('grid.photo_camera')} @change=${(event: Event) => { void this.#take(event.target as HTMLInputElement); }} /></label>
        <label class="button"><span>${t('grid.photo_files')}</span><input type="file" accept="image/*" multiple aria-label=${t('grid.photo_files')}
          @change=${(event: Event) => { void this.#take(event.target as HTMLInputElement); }} /></label>
        <span class="note">${this.busy ? t('waiting') : t('grid.photo_hint')}</span></div>
      ${this.photos.length === 0 ? nothing : html`<div class="photos" style="margin-top:0.5rem">${this.photos.map((one) => html`<figure><img src=${one.url} alt=${t('proposals.photo')} />
        <button type="button" aria-label=${t('grid.remove')} @click=${() => { this.#drop(one.url); }}>×</button></figure>`)}</div>`}`;
  }

  async #take(field: HTMLInputElement): Promise<void> {
    const files = [...field.files ?? []].slice(0, MOST - this.photos.length);
    this.busy = true;
    for (const file of files) {
      const photo = await shrink(file);
      this.photos = [...this.photos, { photo, url: URL.createObjectURL(photo) }];
    }
    this.busy = false;
    field.value = '';
  }

  #drop(url: string): void {
    URL.revokeObjectURL(url);
    this.photos = this.photos.filter((one) => one.url !== url);
  }
}

customElements.define('grid-photos', PhotoField);
