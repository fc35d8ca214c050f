// SPDX-License-Identifier: Apache-2.0
/** District → street → community → grid, and back: the block in focus, its profile, and the address bar that keeps it. */
import type { Profile } from '../core/api';
import { client } from '../core/client';
import { cityData } from '../core/city-data';
import { wordsOf } from '../core/failure';
import { wall } from './state';

const PROFILE_EVERY_MS = 3_000;

let asked = '';
let refreshing = 0;

export function blockInAddress(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get('block');
}

export async function focusBlock(code: string): Promise<void> {
  asked = code;
  try {
    const block = await client.block(code);
    if (asked !== code) return; // somebody clicked on meanwhile
    wall.set({ block, blockFailure: '', profile: null, profileFailure: '', card: null });
    const hash = new URLSearchParams(location.hash.slice(1));
    hash.set('block', code);
    history.replaceState(null, '', `#${hash.toString()}`);
  } catch (error) {
    if (asked === code) wall.set({ blockFailure: wordsOf(error) });
    return;
  }
  await loadProfile();
}

/** Up one level; at the top, and when something else is open, whoever called decides. */
export async function up(): Promise<boolean> {
  const parent = wall.state.block?.parent;
  if (!parent) return false;
  await focusBlock(parent);
  return true;
}

export async function loadProfile(): Promise<void> {
  const code = wall.state.block?.code;
  if (code === undefined) return;
  let [profile, profileFailure]: [Profile | null, string] = [null, ''];
  try {
    profile = await client.profile(code);
  } catch (error) {
    profileFailure = wordsOf(error);
  }
  if (wall.state.block?.code !== code) return;
  wall.set(profile ? { profile, profileFailure } : { profileFailure });
}

/** Asks for the figures again soon: once for a burst of changes. */
export function refreshProfileSoon(): void {
  if (refreshing !== 0) return;
  refreshing = window.setTimeout(() => {
    refreshing = 0;
    void loadProfile();
  }, PROFILE_EVERY_MS);
}

/** The block to go to after a click on ground that lies in these blocks: a child, or a sibling at the same level. */
export function nextBlock(codes: string[]): string | null {
  const { block } = wall.state;
  if (!block || codes.length === 0) return null;
  const deepest = codes.reduce((longest, code) => (code.length > longest.length ? code : longest), '');
  if (deepest.startsWith(block.code)) {
    return block.children.find(({ code }) => deepest.startsWith(code))?.code ?? null;
  }
  const ends = [block.code, ...block.ancestors.map(({ code }) => code)].map(({ length }) => length);
  const sibling = deepest.slice(0, Math.max(...ends.filter((length) => length <= deepest.length), 0));
  return sibling === '' || sibling === block.code ? null : sibling;
}

export async function begin(): Promise<void> {
  const home = cityData.state.session?.district?.code ?? cityData.state.session?.scope[0];
  const kept = blockInAddress();
  if (kept !== null) await focusBlock(kept);
  if (wall.state.block === null && home !== undefined) await focusBlock(home);
}
