// SPDX-License-Identifier: Apache-2.0
/** Photos from a phone: made small enough for a bad network, and sent one by one. */
import { server } from './server';

const LONGEST_PX = 2000;
const QUALITY = 0.85;

/** The picture at no more than 2000 pixels as JPEG; as it is where the browser cannot read it, for the server to judge. */
export async function shrink(photo: Blob): Promise<Blob> {
  const picture = await createImageBitmap(photo, { imageOrientation: 'from-image' }).catch(() => null);
  if (!picture) return photo;
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const small = await new Promise<Blob | null>((resolve) => { canvas.toBlob(resolve, 'image/jpeg', QUALITY); });
  return small ?? photo;
}

/** The names by which the server knows them, in the order given. */
export async function sendPhotos(photos: readonly Blob[]): Promise<string[]> {
  const names: string[] = [];
  for (const photo of photos) names.push(await server.sendPhoto(photo));
  return names;
}
