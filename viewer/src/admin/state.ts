// SPDX-License-Identifier: Apache-2.0
/** Who is here, and which part of the desk is open. The address keeps the part, so that a reload comes back to it. */
import type { Session } from '../core/api';
import { client } from '../core/client';
import { wordsOf } from '../core/failure';
import type { Key } from '../core/i18n';
import { Store } from '../core/store';

export const TABS = ['loads', 'upload', 'datasets', 'layers', 'indicators', 'targets', 'quality', 'review', 'codes', 'access'] as const;
export type Tab = (typeof TABS)[number];

export const TITLES: Record<Tab, Key> = {
  loads: 'admin.loads', upload: 'admin.upload', datasets: 'admin.datasets', layers: 'admin.layers', indicators: 'admin.indicators',
  targets: 'admin.targets', quality: 'admin.quality', review: 'admin.review', codes: 'admin.codes', access: 'admin.access',
};

export interface AdminState {
  phase: 'loading' | 'ready';
  failure: string;
  session: Session | null;
  tab: Tab;
  /** The load that is looked at. */
  load: number | null;
  /** Grows when something was loaded or taken back: lists ask again. */
  generation: number;
}

function fromAddress(): Pick<AdminState, 'tab' | 'load'> {
  const [tab = '', id = ''] = location.hash.slice(1).split('/');
  return { tab: TABS.find((one) => one === tab) ?? 'loads', load: tab === 'loads' && /^\d+$/u.test(id) ? Number(id) : null };
}

export const admin = new Store<AdminState>({ phase: 'loading', failure: '', session: null, generation: 0, ...fromAddress() });

window.addEventListener('hashchange', () => { admin.set(fromAddress()); });

/** The parts that are for this person. */
export function openTabs({ session }: Readonly<AdminState>): Tab[] {
  if (session?.role !== 'steward' && session?.role !== 'admin') return [];
  return TABS.filter((tab) => tab !== 'access' || (session.role === 'admin' && session.is_unscoped));
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
