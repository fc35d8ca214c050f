// SPDX-License-Identifier: Apache-2.0
/** What a few typed characters may mean: a place, a code, an address, a name, or its pinyin. */
import { nameOf, say } from '../core/i18n';
import type { Located } from './api';
import { server } from './server';
import { grid, type View } from './state';

export interface Suggestion { key: string; kind: string; text: string; code: string; view: Partial<View> }
export interface Answer { suggestions: Suggestion[]; reason: string }

const POINT = /^\s*-?\d{1,3}(\.\d+)?\s*[,，\s]\s*-?\d{1,2}(\.\d+)?\s*$/u;
const CODE = /^[0-9A-Za-z-]{4,40}$/u;
const MOST = 10;

/** Asks as many ways as the text allows; what the server is certain of comes first. */
export async function suggest(text: string, signal: AbortSignal): Promise<Answer> {
  const typed = text.trim();
  if (POINT.test(typed)) {
    const [x = '', y = ''] = typed.split(/[,，\s]+/u);
    return asAnswer([await server.locate({ point: `${x},${y}` }, signal)]);
  }
  const asked = [server.locate({ q: typed, limit: MOST }, signal)];
  if (CODE.test(typed) && /\d/u.test(typed)) asked.unshift(server.locate({ code: typed }, signal));
  return asAnswer(await Promise.all(asked));
}

function asAnswer(all: Located[]): Answer {
  const found = new Map<string, Suggestion>();
  const add = (one: Suggestion): void => { if (!found.has(one.key)) found.set(one.key, one); };
  for (const located of all) {
    // Below this the chain is only what the candidates have in common.
    if (located.confidence >= CERTAIN) {
      const { building, unit, chain } = located;
      if (unit) add(entrySuggestion('unit', unit.id, `#${unit.id}`, '', located.block_code));
      if (building) add(entrySuggestion('building', building.id, building.name ?? building.code ?? `#${building.id}`, building.code ?? '', located.block_code));
      if (located.candidates.length === 0) for (const block of [...chain].reverse()) add(blockSuggestion(block.code, nameOf(block)));
    }
    for (const { kind, id, text, code, block_code: home } of located.candidates) {
      if (kind === 'block' && code !== null) add(blockSuggestion(code, text));
      else if (id !== null) add(entrySuggestion(kind, id, text, code ?? '', home));
      else if (home !== null) add({ key: `${kind}:${text}`, kind, text, code: home, view: { code: home, part: 'profile', entry: null } });
    }
  }
  const reason = all.map((one) => say(one.reason)).find((one) => one !== '') ?? '';
  return { suggestions: [...found.values()].slice(0, MOST + 2), reason };
}

const CERTAIN = 0.85;

function blockSuggestion(code: string, text: string): Suggestion {
  return { key: `block:${code}`, kind: 'block', text, code, view: { code, part: grid.state.part === 'registers' ? 'registers' : 'profile', entry: null } };
}

/** What is of a layer that has a list opens there; anything else leads to its block. */
function entrySuggestion(kind: string, id: number, text: string, code: string, home: string | null): Suggestion {
  const register = grid.state.registers.find(({ layer }) => layer.startsWith(kind));
  const block = home ?? grid.state.code;
  const view: Partial<View> = register
    ? { code: block, part: 'registers', register: register.name, entry: id, q: '', filter: '', sort: '' } : { code: block, part: 'profile', entry: null };
  return { key: `${kind}:${id}`, kind, text, code: code || block, view };
}
