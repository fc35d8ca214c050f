// SPDX-License-Identifier: Apache-2.0
/** The models that stand in the city, and the one that is looked at. */
import { reloadTilesets } from '../core/city-data';
import { client } from '../core/client';
import { wordsOf } from '../core/failure';
import { plan } from './state';

export async function loadModels(): Promise<void> {
  try {
    plan.set({ models: await client.models(), modelsFailure: '' });
  } catch (error) {
    plan.set({ modelsFailure: wordsOf(error) });
  }
}

export async function openModel(id: string | number): Promise<void> {
  try {
    plan.set({ model: await client.model(id), modelFailure: '', storey: null, card: null });
  } catch (error) {
    plan.set({ model: null, modelFailure: wordsOf(error), card: null });
  }
}

/** After something was published: the list, the 3D, and the new model in view. */
export async function showPublished(id: string | number): Promise<void> {
  await Promise.all([loadModels(), reloadTilesets().catch(() => undefined)]);
  await openModel(id);
}
