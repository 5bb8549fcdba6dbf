/** A QR code as one SVG path, dark on white in every theme: many readers know no other. */
import makeQrCode from 'qrcode-generator';
import { useMemo } from 'react';

const QUIET = 4;

export function QrCode({ value, label }: { value: string; label: string }) {
  const { size, path } = useMemo(() => draw(value), [value]);
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function draw(value: string): { size: number; path: string } {
  const code = makeQrCode(0, 'M');
  code.addData(value);
  code.make();
  const modules = code.getModuleCount();
  let path = '';
  for (let y = 0; y < modules; y++) {
    for (let x = 0; x < modules; x++) if (code.isDark(y, x)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  }
  return { size: modules + 2 * QUIET, path };
}
