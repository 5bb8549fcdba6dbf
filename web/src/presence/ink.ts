/** The colour of letters on a person's colour. */

/** WCAG 2.2, 1.4.3: contrast of text that is not large. */
const READABLE = 4.5;

/** White where it can be read, else black; one of the two always can.
 *
 * @param color `#rrggbb`
 */
export function inkOn(color: string): '#ffffff' | '#000000' {
  return contrast('#ffffff', color) >= READABLE ? '#ffffff' : '#000000';
}

/** The WCAG contrast ratio of two colours, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark, light] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminanceOf(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
