// The file of a take: a clip, or a single image, and only the bytes say which.

/** Every mp4 has these letters as the second word of the file. */
const FTYP = 0x66747970;

export function fileOf(bytes: DataView): Blob {
  const isClip = bytes.byteLength > 8 && bytes.getUint32(4) === FTYP;
  const type = isClip ? "video/mp4" : "image/jpeg";
  return new Blob([bytes as DataView<ArrayBuffer>], { type });
}

export function isStill(file: Blob): boolean {
  return file.type.startsWith("image/");
}
