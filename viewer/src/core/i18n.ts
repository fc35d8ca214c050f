// SPDX-License-Identifier: Apache-2.0
/** Chinese first, English beside it. The choice is kept in the browser; a page switches without a reload. */
import type { Text } from './api';
import { Store } from './store';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

export type LanguageCode = 'zh-CN' | 'en';
export type Key = keyof typeof zh;

const KEPT = 'twin.language';
const DICTIONARIES: Record<LanguageCode, Record<Key, string>> = { 'zh-CN': zh, en };

function chosen(): LanguageCode {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(KEPT);
  return asked?.startsWith('en') ? 'en' : 'zh-CN';
}

export const language = new Store<{ code: LanguageCode }>({ code: chosen() });
document.documentElement.lang = language.state.code;

export function switchLanguage(code: LanguageCode = language.state.code === 'en' ? 'zh-CN' : 'en'): void {
  localStorage.setItem(KEPT, code);
  document.documentElement.lang = code;
  language.set({ code });
}

/** The words for a key, `{name}` filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return DICTIONARIES[language.state.code][key].replace(/\{(\w+)\}/gu, (hole, name: string) => String(values[name] ?? hole));
}

/** The reader's half of a two-language text from the server. */
export function say(text: Text | string | null | undefined): string {
  if (text === null || text === undefined) return '';
  if (typeof text === 'string') return text;
  return language.state.code === 'en' ? text.en || text.zh : text.zh || text.en;
}

/** A name that has a Chinese form and perhaps an English one. */
export function nameOf(thing: { name: string; name_en?: string | null }): string {
  return language.state.code === 'en' && thing.name_en ? thing.name_en : thing.name;
}
