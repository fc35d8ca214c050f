// SPDX-License-Identifier: Apache-2.0
/** Who is here, and which part of the desk is open. The address keeps the part, so that a reload comes back to it. */
import type { Session } from '../core/api';
import { client } from '../core/client';
import { wordsOf } from '../core/failure';
import type { Key } from '../core/i18n';
import { Store } from '../core/store';

export const TABS = ['loads', 'upload', 'datasets', 'layers', 'indicators', 'targets', 'quality', 'review', 'codes', 'people', 'access', 'webhooks', 'jobs', 'audit'] as const;
export type Tab = (typeof TABS)[number];

export const TITLES: Record<Tab, Key> = {
  loads: 'admin.loads', upload: 'admin.upload', datasets: 'admin.datasets', layers: 'admin.layers', indicators: 'admin.indicators',
  targets: 'admin.targets', quality: 'admin.quality', review: 'admin.review', codes: 'admin.codes', people: 'admin.people', access: 'admin.access',
  webhooks: 'admin.webhooks', jobs: 'admin.jobs', audit: 'admin.audit',
};

export interface AdminState {
  phase: 'loading' | 'ready';
  failure: string;
  session: Session | null;
  /** '' where the address names none. */
  tab: Tab | '';
  /** What of the part the address names. */
  item: string;
  /** The load that is looked at. */
  load: number | null;
  /** Grows when something was loaded or taken back: lists ask again. */
  generation: number;
}

function fromAddress(): Pick<AdminState, 'tab' | 'load' | 'item'> {
  const [tab = '', id = ''] = location.hash.slice(1).split('/');
  const item = /^\d+$/u.test(id) ? id : '';
  return { tab: TABS.find((one) => one === tab) ?? '', item, load: tab === 'loads' && item !== '' ? Number(item) : null };
}

export const admin = new Store<AdminState>({ phase: 'loading', failure: '', session: null, generation: 0, ...fromAddress() });

window.addEventListener('hashchange', () => { admin.set(fromAddress()); });

/** The parts that are for an administrator of everything alone. */
const WHOLE: readonly Tab[] = ['people', 'access', 'audit'];

/** The parts that are for this person. */
export function openTabs({ session }: Readonly<AdminState>): Tab[] {
  if (session?.role === 'auditor' && session.is_unscoped) return ['audit'];
  if (session?.role !== 'steward' && session?.role !== 'admin') return [];
  return TABS.filter((tab) => !WHOLE.includes(tab) || (session.role === 'admin' && session.is_unscoped));
}

/** The part that is shown; null where the address names one that is not for this person. */
export function shownTab(state: Readonly<AdminState>): Tab | null {
  const tabs = openTabs(state);
  if (state.tab === '') return tabs[0] ?? null;
  return tabs.includes(state.tab) ? state.tab : null;
}

export function changed(): void {
  admin.set({ generation: admin.state.generation + 1 });
}

const LAST_RETRY_MS = 15_000;

export async function begin(): Promise<void> {
  for (let wait = 1_000; ; wait = Math.min(LAST_RETRY_MS, wait * 2)) {
    try {
      admin.set({ phase: 'ready', failure: '', session: await client.session() });
      return;
    } catch (error) {
      admin.set({ failure: wordsOf(error) });
      await new Promise((resolve) => { window.setTimeout(resolve, wait); });
    }
  }
}
