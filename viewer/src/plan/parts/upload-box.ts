// SPDX-License-Identifier: Apache-2.0
/** Where a file is dropped, and where its model is to stand. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { plan, type Placement } from '../state';
import { send } from '../uploading';
import { box } from '../../core/ui/box';

const ACCEPTED = /\.(ifc|ifczip|ifcxml)$/iu;

export class UploadBox extends TwinElement {
  static override properties = { over: { state: true }, refusal: { state: true } };
  static override styles = [shared, box, css`
    .drop { border: 0.12rem dashed var(--line-2); border-radius: var(--radius); padding: 1.15rem 1rem; text-align: center; background: var(--raised); display: grid;
      gap: 0.55rem; justify-items: center; }
    .drop.over { border-color: var(--accent); background: var(--hover); }
    .drop p { font-size: 0.86rem; color: var(--ink-2); }
    .drop strong { font-weight: 600; font-size: 0.98rem; }
    fieldset { border: 0; margin: 0.95rem 0 0; padding: 0; }
    legend { font-size: 0.9rem; font-weight: 600; padding: 0; margin-bottom: 0.2rem; }
    .grid { display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem; margin: 0.5rem 0; }
    .row { display: flex; gap: 0.5rem; flex-wrap: wrap; align-items: center; }
    .hint { font-size: 0.82rem; color: var(--ink-2); }
  `];
  override watched = [plan];

  declare over: boolean;
  declare refusal: string;

  constructor() {
    super();
    this.over = false;
    this.refusal = '';
  }

  override render(): TemplateResult {
    const { placement, placing } = plan.state;
    return html`<section><h2>${t('upload.title')}</h2>
      <div class="drop ${this.over ? 'over' : ''}"
        @dragover=${(event: DragEvent) => { event.preventDefault(); this.over = true; }}
        @dragleave=${() => { this.over = false; }}
        @drop=${(event: DragEvent) => { event.preventDefault(); this.over = false; this.#take(event.dataTransfer?.files); }}>
        <strong>${t('upload.drop')}</strong><p>${t('upload.kinds')}</p>
        <button class="button main" @click=${() => { this.renderRoot.querySelector('input')?.click(); }}>${t('upload.choose')}</button>
        <input type="file" accept=".ifc,.ifczip,.ifcxml" multiple hidden aria-label=${t('upload.choose')}
          @change=${(event: Event) => { const input = event.target as HTMLInputElement; this.#take(input.files); input.value = ''; }} />
      </div>
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      <fieldset><legend>${t('place.title')}</legend>
        <p class="hint">${placing ? t('place.click') : placement ? t('place.given') : t('place.own')}</p>
        <div class="grid">
          ${this.#field('lon', t('place.lon'), 1e-7)}${this.#field('lat', t('place.lat'), 1e-7)}
          ${this.#field('height', t('place.height'), 0.01)}${this.#field('heading', t('place.heading'), 0.1)}
        </div>
        <div class="row">
          <button class="button" aria-pressed=${placing} @click=${() => { plan.set({ placing: !placing }); }}>${t('place.pick')}</button>
          ${placement ? html`<button class="link" @click=${() => { plan.set({ placement: null }); }}>${t('place.clear')}</button>` : nothing}
        </div>
      </fieldset></section>`;
  }

  #field(name: keyof Placement, label: string, step: number): TemplateResult {
    const value = plan.state.placement?.[name];
    return html`<label>${label}<input name=${name} type="number" inputmode="decimal" step=${step}
      .value=${value === undefined ? '' : String(value)} @change=${() => { this.#read(); }} /></label>`;
  }

  #read(): void {
    const value = (name: string): number => this.renderRoot.querySelector<HTMLInputElement>(`input[name=${name}]`)?.valueAsNumber ?? NaN;
    const [lon, lat] = [value('lon'), value('lat')];
    if (Number.isNaN(lon) || Number.isNaN(lat) || Math.abs(lon) > 180 || Math.abs(lat) > 90) {
      this.refusal = Number.isNaN(lon) || Number.isNaN(lat) ? '' : t('place.impossible');
      return;
    }
    this.refusal = '';
    plan.set({ placement: { lon, lat, height: value('height') || 0, heading: value('heading') || 0 } });
  }

  #take(files: FileList | null | undefined): void {
    const list = [...(files ?? [])];
    const wrong = list.filter(({ name }) => !ACCEPTED.test(name));
    this.refusal = wrong.length > 0 ? t('upload.wrong', { names: wrong.map(({ name }) => name).join(', ') }) : '';
    for (const file of list) if (!wrong.includes(file)) send(file);
  }
}

customElements.define('plan-upload', UploadBox);
