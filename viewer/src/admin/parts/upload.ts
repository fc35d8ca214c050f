// SPDX-License-Identifier: Apache-2.0
/** Data on its way in: what it is, in which CRS, which file; and below, what became of what was sent. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Scheme, UploadKind } from '../api';
import { check } from '../sending';
import { server } from '../server';
import { kindName, kinds, learnKinds } from '../words';
import { gather } from '../zip';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';
import './sendings';

const MODEL = 'model'; // models have a desk of their own
const LAYER_KINDS = ['business', 'points'];
const RETURNED = ['.xlsx', '.csv']; // rejected rows come back as a table, whatever they came as
const COMMON_CRS = ['EPSG:4490', 'EPSG:4326', 'GCJ-02', 'BD-09'];

export class Upload extends Panel<Scheme[]> {
  static override properties = { kind: { state: true }, crs: { state: true }, over: { state: true } };
  static override styles = [shared, box, desk, css`
    .two { display: grid; grid-template-columns: minmax(0, 26rem) minmax(0, 1fr); gap: 1.1rem; align-items: start; }
    form { padding: 1.1rem; display: grid; gap: 1rem; }
    form h2 { margin-bottom: -0.3rem; }
    fieldset { border: 0; margin: 0; padding: 0; display: grid; gap: 0.45rem; }
    legend { font-size: 0.92rem; font-weight: 600; padding: 0; margin-bottom: 0.45rem; }
    .choice { display: flex; gap: 0.5rem; align-items: baseline; font-size: 0.92rem; color: var(--ink); }
    .choice input { width: auto; } .choice small { color: var(--ink-2); display: block; }
    .hint { font-size: 0.82rem; color: var(--ink-2); }
    summary { cursor: pointer; font-size: 0.9rem; color: var(--accent-ink); padding: 0.2rem 0; }
    details > div { display: grid; gap: 0.7rem; padding-top: 0.6rem; }
    .drop { border: 0.12rem dashed var(--line-2); border-radius: var(--radius); padding: 1.2rem 1rem; text-align: center; background: var(--raised); display: grid;
      gap: 0.5rem; justify-items: center; }
    .drop.over { border-color: var(--accent); background: var(--hover); }
    .drop strong { font-weight: 600; }
    @media (max-width: 900px) { .two { grid-template-columns: minmax(0, 1fr); } }
  `];
  override watched = [kinds];

  declare kind: string;
  declare crs: '' | 'file' | 'declared';
  declare over: boolean;

  constructor() {
    super();
    this.kind = '';
    this.crs = '';
    this.over = false;
  }

  protected override async fetch(): Promise<Scheme[]> {
    await learnKinds();
    return server.schemes();
  }

  protected override view(schemes: Scheme[]): TemplateResult {
    const { known, failure } = kinds.state;
    if (!known) return html`<p class="card none" role="status">${failure === '' ? t('waiting') : failure}</p>`;
    const kind = known.kinds.find(({ id }) => id === this.kind);
    return html`<div class="two"><form class="card" @submit=${(event: Event) => { event.preventDefault(); }}>
        <h2>${t('send.title')}</h2>
        <label>${t('send.kind')}<select name="kind" required @change=${(event: Event) => { this.kind = (event.target as HTMLSelectElement).value; this.refusal = ''; }}>
          <option value="" ?selected=${this.kind === ''} disabled>${t('send.choose')}</option>
          ${known.kinds.filter(({ id }) => id !== MODEL).map(({ id }) => html`<option value=${id} ?selected=${id === this.kind}>${kindName(id)}</option>`)}
        </select></label>
        ${this.#crs(schemes)}
        ${this.#update()}
        ${this.#mapping(known.mappings)}
        ${this.#options(schemes)}
        ${this.#drop(kind)}
        ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
        <p class="hint">${t('send.model')} <a href="/plan">/plan</a></p>
      </form><admin-sendings></admin-sendings></div>`;
  }

  #crs(schemes: Scheme[]): TemplateResult {
    const suggested = new Set([...schemes.map(({ metric_crs }) => metric_crs), ...COMMON_CRS].filter((one) => one !== null));
    const choose = (crs: 'file' | 'declared'): void => { this.crs = crs; this.refusal = ''; };
    return html`<fieldset><legend>${t('crs.title')}</legend>
      <label class="choice"><input type="radio" name="crs" value="file" .checked=${this.crs === 'file'} @change=${() => { choose('file'); }} />
        <span>${t('crs.file')}<small>${t('crs.file_hint')}</small></span></label>
      <label class="choice"><input type="radio" name="crs" value="declared" .checked=${this.crs === 'declared'} @change=${() => { choose('declared'); }} />
        <span>${t('crs.declared')}<small>${t('crs.declared_hint')}</small></span></label>
      ${this.crs === 'declared' ? html`<label>${t('crs.which')}<input name="code" list="codes" required autocomplete="off" spellcheck="false" /></label>
        <datalist id="codes">${[...suggested].map((one) => html`<option value=${one}></option>`)}</datalist>
        <label class="choice"><input type="checkbox" name="force" /><span>${t('crs.force')}</span></label>` : nothing}</fieldset>`;
  }

  /** What a row that is there, and not in the file, means: nothing, or that it is over. */
  #update(): TemplateResult | typeof nothing {
    if (this.kind === 'blocks') return nothing; // versions of blocks are another matter
    return html`<fieldset><legend>${t('admin.update.title')}</legend>
      <label class="choice"><input type="radio" name="update" value="part" checked />
        <span>${t('admin.update.part')}<small>${t('admin.update.part_hint')}</small></span></label>
      <label class="choice"><input type="radio" name="update" value="whole" />
        <span>${t('admin.update.whole')}<small>${t('admin.update.whole_hint')}</small></span></label></fieldset>`;
  }

  #mapping(mappings: string[]): TemplateResult | typeof nothing {
    if (mappings.length === 0) return nothing;
    return html`<label>${t('send.mapping')}<select name="mapping"><option value="">${t('send.mapping_auto')}</option>
      ${mappings.map((one) => html`<option value=${one}>${one}</option>`)}</select><span class="hint">${t('admin.mapping.hint')}</span></label>`;
  }

  #options(schemes: Scheme[]): TemplateResult {
    return html`<details><summary>${t('send.further')}</summary><div>
      <label>${t('send.source')}<input name="source" pattern="[\\w.\\-]{1,100}" autocomplete="off" spellcheck="false" /><span class="hint">${t('send.source_hint')}</span></label>
      <label>${t('send.layer')}<input name="layer" maxlength="200" autocomplete="off" spellcheck="false" /></label>
      ${LAYER_KINDS.includes(this.kind) ? html`<label>${t('send.layer_name')}<input name="layer_name" maxlength="100" autocomplete="off" /></label>` : nothing}
      ${this.kind === 'blocks' ? html`<label>${t('send.scheme')}<select name="scheme"><option value="">${t('send.scheme_main')}</option>
        ${schemes.filter((one) => !one.is_computed && !one.is_governance).map(({ id }) => html`<option value=${id}>${id}</option>`)}</select></label>` : nothing}
    </div></details>`;
  }

  #drop(kind: UploadKind | undefined): TemplateResult {
    const types = kind?.suffixes ?? [];
    // A shapefile's other parts come along with it.
    const accept = types.length === 0 ? '' : [...types, ...RETURNED, ...(types.includes('.shp') ? ['.shx', '.dbf', '.prj', '.cpg'] : [])].join(',');
    return html`<div class="drop ${this.over ? 'over' : ''}"
        @dragover=${(event: DragEvent) => { event.preventDefault(); this.over = true; }}
        @dragleave=${() => { this.over = false; }}
        @drop=${(event: DragEvent) => { event.preventDefault(); this.over = false; void this.#take(event.dataTransfer?.files); }}>
        <strong>${t('send.drop')}</strong><p class="hint">${types.length === 0 ? t('send.any') : types.join(' ')}</p>
        <button type="button" class="button main" @click=${() => { if (this.#ready()) this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click(); }}>
          ${t('send.check')}</button>
        <input type="file" accept=${accept || nothing} multiple hidden aria-label=${t('send.check')}
          @change=${(event: Event) => { const input = event.target as HTMLInputElement; void this.#take(input.files).then(() => { input.value = ''; }); }} />
        <p class="hint">${t('send.dry')}</p></div>`;
  }

  /** Whether all is said that must be said; a CRS is never assumed. */
  #ready(): boolean {
    const code = this.renderRoot.querySelector<HTMLInputElement>('input[name=code]');
    this.refusal = this.kind === '' ? t('send.no_kind') : this.crs === '' ? t('send.no_crs')
      : this.crs === 'declared' && !code?.value.trim() ? t('send.no_code') : '';
    if (this.refusal !== '') return false;
    return this.renderRoot.querySelector('form')?.reportValidity() ?? false;
  }

  async #take(files: FileList | null | undefined): Promise<void> {
    const list = [...(files ?? [])]; // before any waiting: the input forgets them
    if (list.length === 0 || !this.#ready()) return;
    const kind = kinds.state.known?.kinds.find(({ id }) => id === this.kind);
    const gathered = await gather(list);
    const isWrong = ({ name }: File): boolean => kind !== undefined && kind.suffixes.length > 0
      && ![...kind.suffixes, ...RETURNED].some((suffix) => name.toLowerCase().endsWith(suffix));
    const wrong = gathered.filter(isWrong);
    if (wrong.length > 0) {
      this.refusal = t('send.wrong', { names: wrong.map(({ name }) => name).join(', '), types: kind?.suffixes.join(' ') ?? '' });
    }
    const options = this.#read();
    for (const file of gathered) if (!wrong.includes(file)) check(file, this.kind, options);
  }

  #read(): Record<string, string> {
    const form = this.renderRoot.querySelector('form');
    const given = form ? new FormData(form) : new FormData();
    const text = (name: string): string => {
      const value = given.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    const options = { source: text('source'), layer: text('layer'), mapping: text('mapping'), update: text('update'), layer_name: text('layer_name'), scheme: text('scheme'),
      crs: this.crs === 'declared' ? text('code') : '', crs_force: this.crs === 'declared' && text('force') !== '' ? 'true' : '' };
    return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ''));
  }
}

customElements.define('admin-upload', Upload);
