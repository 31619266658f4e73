/** A file's bytes, damaged in each of several ways: cut, doubled, a bit turned in its head, its middle and its end. */
export function damagesOf(good: Buffer): readonly Buffer[] {
  const turned = (place: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes[place]! ^= 1;
    return bytes;
  };
  return [
    Buffer.alloc(0),
    good.subarray(0, 9),
    good.subarray(0, good.length - 1),
    Buffer.concat([good, good]),
    ...[0, 5, 9, 13, 20, good.length >> 1, good.length - 1].map(turned),
  ];
}
