// SPDX-License-Identifier: Apache-2.0
/** Who is here and what is looked at. The address holds all of the latter, so that a link brings the same view back. */
import type { Block, Collection, Session } from '../core/api';
import { client } from '../core/client';
import { wordsOf } from '../core/failure';
import { Store } from '../core/store';
import type { Register } from './api';
import { server } from './server';

export const PARTS = ['profile', 'registers', 'mine'] as const;
export type Part = (typeof PARTS)[number];

/** What the address says. Conditions of a list are lines of `filter`; `as_of` is an instant, '' is now. */
export interface View {
  code: string;
  part: Part;
  register: string;
  entry: number | null;
  /** The round of collection whose form is open for the entry. */
  survey: number | null;
  q: string;
  filter: string;
  sort: string;
  map: boolean;
  /** A rectangle drawn on the map, `west,south,east,north` in degrees; '' is none. */
  box: string;
  asOf: string;
}

export interface GridState extends View {
  phase: 'loading' | 'ready';
  failure: string;
  session: Session | null;
  registers: Register[];
  collections: Collection[];
  block: Block | null;
  blockFailure: string;
  /** Grows when something was written: lists ask again. */
  generation: number;
}

const BOX = /^-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3}$/u;

function readAddress(): View {
  const hash = new URLSearchParams(location.hash.slice(1));
  const number = (name: string): number | null => (/^\d+$/u.test(hash.get(name) ?? '') ? Number(hash.get(name)) : null);
  return {
    code: hash.get('block') ?? '', part: PARTS.find((one) => one === hash.get('part')) ?? 'profile', register: hash.get('register') ?? '',
    entry: number('id'), survey: number('survey'), q: hash.get('q') ?? '', filter: hash.getAll('filter').join('\n'), sort: hash.get('sort') ?? '',
    map: hash.get('map') === '1', box: BOX.test(hash.get('bbox') ?? '') ? hash.get('bbox') ?? '' : '', asOf: hash.get('as_of') ?? '',
  };
}

export function addressOf(view: View): string {
  const hash = new URLSearchParams();
  if (view.code !== '') hash.set('block', view.code);
  if (view.part !== 'profile') hash.set('part', view.part);
  if (view.part === 'registers') {
    if (view.register !== '') hash.set('register', view.register);
    if (view.entry !== null) hash.set('id', String(view.entry));
    if (view.entry !== null && view.survey !== null) hash.set('survey', String(view.survey));
    if (view.q !== '') hash.set('q', view.q);
    for (const condition of view.filter.split('\n')) if (condition !== '') hash.append('filter', condition);
    if (view.sort !== '') hash.set('sort', view.sort);
    if (view.map) hash.set('map', '1');
    if (view.box !== '') hash.set('bbox', view.box);
  }
  // Only the profile answers from the past; a list would show today's under an old date.
  if (view.part === 'profile' && view.asOf !== '') hash.set('as_of', view.asOf);
  return `#${hash.toString()}`;
}

export const grid = new Store<GridState>({
  phase: 'loading', failure: '', session: null, registers: [], collections: [], block: null, blockFailure: '', generation: 0, ...readAddress(),
});

/** A form belongs to its entry, and another block is looked at whole. */
function complete(wanted: Partial<View>): Partial<View> {
  return { ...(wanted.entry !== undefined && { survey: null }), ...(wanted.code !== undefined && { box: '' }), ...wanted };
}

/** Goes somewhere: a step that the browser's back takes back, unless it only refines what is looked at. */
export function go(asked: Partial<View>, isStep = true): void {
  const wanted = complete(asked);
  const view = { ...grid.state, ...wanted };
  const address = addressOf(view);
  if (address !== (location.hash || '#')) {
    if (isStep) history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  }
  grid.set(wanted);
}

export function linkTo(wanted: Partial<View>): string {
  return addressOf({ ...grid.state, ...complete(wanted) });
}

/** A link that stays on the page: a plain click goes, any other is the browser's. */
export function follow(wanted: Partial<View>): (event: MouseEvent) => void {
  return (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(wanted);
  };
}

for (const event of ['popstate', 'hashchange']) window.addEventListener(event, () => { grid.set(readAddress()); });

/** The register that is open; the first where the address names none. */
export function openRegister({ registers, register }: Readonly<GridState>): Register | null {
  return registers.find(({ name }) => name === register) ?? registers[0] ?? null;
}

export function registerOfLayer(layer: string): Register | null {
  return grid.state.registers.find((one) => one.layer === layer) ?? null;
}

export function isSteward({ session }: Readonly<GridState>): boolean {
  return session?.role === 'steward' || session?.role === 'admin';
}

/** Displays, machines and whoever may not read data propose and report nothing. */
export function mayPropose({ session }: Readonly<GridState>): boolean {
  return session !== null && !['public', 'wall', 'node', 'auditor'].includes(session.role);
}

export function changed(): void {
  grid.set({ generation: grid.state.generation + 1 });
}

let asked = '';

async function loadBlock(code: string): Promise<void> {
  if (code === '' || asked === code) return;
  asked = code;
  try {
    const block = await client.block(code);
    if (asked === code) grid.set({ block, blockFailure: '' });
  } catch (error) {
    if (asked !== code) return;
    asked = ''; // the same block may be asked for again
    grid.set({ block: null, blockFailure: wordsOf(error) });
  }
}

const LAST_RETRY_MS = 15_000;

export async function begin(): Promise<void> {
  for (let wait = 1_000; ; wait = Math.min(LAST_RETRY_MS, wait * 2)) {
    try {
      const session = await client.session();
      if (session.role === 'public') {
        grid.set({ phase: 'ready', failure: '', session });
        return;
      }
      const [{ registers, layers }, collections] = await Promise.all([server.registers(), server.collections()]);
      const home = grid.state.code === '' ? session.scope[0] ?? '' : grid.state.code;
      grid.set({ phase: 'ready', failure: '', session, registers: [...registers, ...(layers ?? [])], collections });
      if (grid.state.code === '') go({ code: home, box: grid.state.box }, false);
      grid.subscribe(({ code }, before) => { if (code !== before.code) void loadBlock(code || (session.scope[0] ?? '')); });
      await loadBlock(home);
      return;
    } catch (error) {
      grid.set({ failure: wordsOf(error) });
      await new Promise((resolve) => { window.setTimeout(resolve, wait); });
    }
  }
}
