// SPDX-License-Identifier: Apache-2.0
/** Figures and times as people read them, in the page's language. */
import type { Properties } from './api';
import { language } from './i18n';

/** A count or measure; Chinese groups by ten thousand (万) and hundred million (亿) as its readers do. */
export function figure(value: number | null | undefined): { value: string; scale: string } {
  if (value === null || value === undefined || !Number.isFinite(value)) return { value: '–', scale: '' };
  const plain = (number: number, digits: number): string =>
    number.toLocaleString(language.state.code, { maximumFractionDigits: digits });
  const size = Math.abs(value);
  if (language.state.code === 'zh-CN') {
    if (size >= 1e8) return { value: plain(value / 1e8, 2), scale: '亿' };
    if (size >= 1e5) return { value: plain(value / 1e4, 1), scale: '万' };
  } else {
    if (size >= 1e9) return { value: plain(value / 1e9, 2), scale: ' bn ' };
    if (size >= 1e6) return { value: plain(value / 1e6, 1), scale: ' M ' };
  }
  return { value: plain(value, size < 10 ? 2 : 0), scale: '' };
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toLocaleString(language.state.code);
}

export function unitOf(unit: string | null | undefined): string {
  return unit === 'm2' ? 'm²' : unit === 'm3' ? 'm³' : unit ?? '';
}

export function timeOfDay(moment: Date, seconds = false): string {
  return moment.toLocaleTimeString(language.state.code, {
    hour: '2-digit', minute: '2-digit', hour12: false, ...(seconds && { second: '2-digit' }),
  });
}

export function dayAndTime(text: string | null | undefined): string {
  const moment = new Date(text ?? '');
  if (Number.isNaN(moment.getTime())) return text ?? '';
  return moment.toLocaleString(language.state.code, {
    month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hour12: false,
  });
}

export function today(moment: Date): string {
  return moment.toLocaleDateString(language.state.code, { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short' });
}

export function bytes(size: number): string {
  return size >= 1e6 ? `${(size / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(size / 1e3))} kB`;
}

/** A property that is a text or a number, as text; '' for anything else. */
export function textOf(properties: Properties | null | undefined, name: string | null): string {
  const value = name === null ? undefined : properties?.[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Any value of a property as one line of text. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'number') {
    return value.toLocaleString(language.state.code, { maximumFractionDigits: Number.isInteger(value) ? 0 : 3 });
  }
  if (typeof value === 'boolean') return value ? '✓' : '✗';
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && 'value' in value) return valueText(value.value);
  return JSON.stringify(value);
}

/** Several names in one line. */
export function listed(names: readonly string[]): string {
  return names.join(language.state.code === 'en' ? ', ' : '、');
}
