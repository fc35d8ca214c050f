// SPDX-License-Identifier: Apache-2.0
/** A round's form as the server declares it (JSON Schema): which control a field asks for, and what was put into it. */
import type { Properties } from '../core/api';
import { language } from '../core/i18n';
import type { FormField } from './api';

export type Control = 'section' | 'choice' | 'choices' | 'lines' | 'truth' | 'number' | 'day' | 'text' | 'unknown';

export function titleOf(field: FormField | undefined, name: string): string {
  return (language.state.code === 'en' ? field?.title_en : undefined) ?? field?.title ?? name;
}

export function controlOf(field: FormField): Control {
  if (field.enum) return 'choice';
  const type = Array.isArray(field.type) ? field.type.find((one) => one !== 'null') : field.type;
  switch (type) {
    case 'object': return field.properties ? 'section' : 'unknown';
    case 'array': return field.items?.enum ? 'choices' : field.items?.type === 'string' ? 'lines' : 'unknown';
    case 'boolean': return 'truth';
    case 'integer': case 'number': return 'number';
    case 'string': return field.format === 'date' ? 'day' : 'text';
    default: return 'unknown';
  }
}

/** The field at a place such as `fire/exits`; undefined where the form has none. */
export function fieldAt(form: FormField, path: string): FormField | undefined {
  return path.split('/').reduce<FormField | undefined>((within, name) => within?.properties?.[name], form);
}

/** The fields in the order in which they are required, then the others: the server keeps no order of its own. */
export function fieldsOf({ properties = {}, required = [] }: FormField): [string, FormField][] {
  const place = (name: string): number => (required.includes(name) ? required.indexOf(name) : required.length);
  return Object.entries(properties).sort(([one], [other]) => place(one) - place(other));
}

/** What was put into the controls of a form, whose names are paths. What the page has no control for stays as it was. */
export function readForm(form: FormField, data: FormData, before: Properties, path = ''): Properties {
  const answers = new Map(Object.entries(before));
  for (const [name, field] of Object.entries(form.properties ?? {})) {
    const here = path === '' ? name : `${path}/${name}`;
    const control = controlOf(field);
    if (control === 'unknown') continue;
    const value = control === 'section' ? readForm(field, data, asSection(before[name]), here) : readField(field, control, data.getAll(here).map(asText));
    if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) answers.delete(name);
    else answers.set(name, value);
  }
  return Object.fromEntries(answers);
}

export function asSection(value: unknown): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Properties : {};
}

function readField(field: FormField, control: Control, given: string[]): unknown {
  const text = (given[0] ?? '').trim();
  if (control === 'choices') return given.map((at) => field.items?.enum?.[Number(at)]);
  if (control === 'lines') return text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  if (text === '') return null;
  if (control === 'choice') return field.enum?.[Number(text)];
  if (control === 'truth') return text === 'true';
  if (control !== 'number') return text;
  // What is no number goes as it is, and is refused by name.
  const number = Number(text.replaceAll(/[,，\s]/gu, ''));
  return Number.isNaN(number) ? text : number;
}

function asText(value: FormDataEntryValue): string {
  return typeof value === 'string' ? value : '';
}
