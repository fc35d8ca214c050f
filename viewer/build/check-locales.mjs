// SPDX-License-Identifier: Apache-2.0
/** Fails when the dictionaries differ in keys or placeholders, or when the code asks for a key that is not there. */
import { readFileSync, readdirSync } from 'node:fs';

const source = new URL('../src/', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`core/locales/${name}.json`, source), 'utf8'));
const [zh, en] = [read('zh-CN'), read('en')];
const problems = [];
const holes = (text) => [...text.matchAll(/\{(\w+)\}/gu)].map((match) => match[1]).sort().join();
for (const key of new Set([...Object.keys(zh), ...Object.keys(en)])) {
  if (zh[key] === undefined || en[key] === undefined) problems.push(`${key}: only in ${zh[key] === undefined ? 'en' : 'zh-CN'}`);
  else if (holes(zh[key]) !== holes(en[key])) problems.push(`${key}: placeholders differ`);
}
const used = new Set();
for (const file of readdirSync(source, { recursive: true })) {
  if (!file.endsWith('.ts')) continue;
  for (const match of readFileSync(new URL(file, source), 'utf8').matchAll(/\bt\(\s*'([^']+)'/gu)) {
    used.add(match[1]);
    if (zh[match[1]] === undefined) problems.push(`${match[1]}: asked for in ${file}, in no dictionary`);
  }
}
for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);
