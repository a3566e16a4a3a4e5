/** The page's looks, light and dark as the viewer prefers. */
export const style = `
:root{--paper:#f6f7f9;--card:#fff;--ink:#0f172a;--soft:#475569;--faint:#64748b;--line:#e2e8f0;--code:#f1f5f9;--link:#1d4ed8;
--conforms:#15803d;--violates:#c81e1e;--broken:#b45309;--unsupported:#475569;--unfinished:#7c3aed;--step:#2563eb;--fault:#be185d;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;--mono:ui-monospace,"SFMono-Regular",Menlo,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#0b1120;--card:#0f172a;--ink:#f1f5f9;--soft:#cbd5e1;--faint:#94a3b8;--line:#273449;--code:#1e293b;--link:#93c5fd;
--conforms:#4ade80;--violates:#f87171;--broken:#fbbf24;--unsupported:#94a3b8;--unfinished:#c4b5fd;--step:#60a5fa;--fault:#f472b6}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 var(--sans)}
header>div,main,footer{max-width:1160px;margin:0 auto;padding:0 28px}
a{color:var(--link)}
code,pre{font-family:var(--mono);font-size:12.5px}
.conforms{--tone:var(--conforms)}.violates{--tone:var(--violates)}.broken{--tone:var(--broken)}.unsupported{--tone:var(--unsupported)}.unfinished{--tone:var(--unfinished)}.step{--tone:var(--step)}.fault{--tone:var(--fault)}
header{background:color-mix(in srgb,var(--tone) 9%,var(--card));border-top:6px solid var(--tone);border-bottom:1px solid var(--line);padding:30px 0 24px}
.eyebrow{margin:0;font-weight:600;color:var(--soft);letter-spacing:.01em}
h1{margin:2px 0 10px;font-size:34px;line-height:1.2;letter-spacing:-.02em}
h1 small{font-size:16px;font-weight:400;color:var(--soft);letter-spacing:0;margin-left:6px}
.verdict{color:var(--tone)}
.proves{font-size:18px;max-width:56em;margin:0 0 8px}
header .because{margin:0 0 8px;color:var(--tone);font-weight:600}
.tiles{display:flex;flex-wrap:wrap;gap:12px 40px;margin:18px 0 16px}
.tiles dt{font-size:12px;color:var(--faint)}.tiles dd{margin:0;font-size:17px;font-weight:600;font-variant-numeric:tabular-nums}
.tally{color:var(--tone);margin-right:14px}
.versions,.chips{display:flex;flex-wrap:wrap;gap:6px;list-style:none;margin:0;padding:0}
.versions li,.chips li{border:1px solid var(--line);background:var(--card);border-radius:999px;padding:2px 11px;font-size:13px;color:var(--soft)}
.chips b{color:var(--ink)}
.run{font:12.5px var(--mono);color:var(--faint);margin:14px 0 0}
main{padding-top:8px}
h2{font-size:20px;margin:34px 0 10px;letter-spacing:-.01em}
.caption{color:var(--faint);font-size:13.5px;margin:-6px 0 12px}
.claim{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--tone);border-radius:8px;margin:0 0 8px}
.claim>summary{display:flex;align-items:baseline;gap:10px;padding:10px 16px 10px 14px;cursor:pointer;list-style:none}
.claim>summary::-webkit-details-marker{display:none}
.claim>summary:hover .sentence{text-decoration:underline;text-decoration-color:var(--line);text-underline-offset:3px}
.ordinal{color:var(--faint);font-size:13px;min-width:16px;text-align:right;font-variant-numeric:tabular-nums}
.sentence{flex:1;font-weight:600}.took{color:var(--faint);font-size:13px;white-space:nowrap;font-variant-numeric:tabular-nums}
.word{color:var(--tone);font-weight:600;font-size:13.5px;min-width:74px;text-align:right}
.inside{padding:2px 16px 14px;border-top:1px solid var(--line)}
.judged{margin:10px 0 0}.judged p{margin:0;padding-left:17px;position:relative}
.dot{position:absolute;left:0;top:.5em;width:8px;height:8px;border-radius:50%;background:var(--tone)}
.how{color:var(--faint);font-size:13px}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:12px;margin:8px 0 4px 17px}
.sides>div{min-width:0}
.sides h4{margin:0 0 4px;font-size:12.5px;font-weight:600;color:var(--faint)}
pre{background:var(--code);border-radius:6px;padding:10px 12px;margin:0;overflow-x:auto;line-height:1.5}
pre.because{margin:8px 0 4px 17px;white-space:pre-wrap;color:var(--tone)}
mark{color:inherit;display:inline-block;min-width:100%;border-radius:3px}
.expected mark{background:color-mix(in srgb,var(--conforms) 24%,transparent)}.actual mark{background:color-mix(in srgb,var(--violates) 24%,transparent)}
.inside .chips{margin:12px 0 0 17px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);font-size:14px}
th,td{text-align:left;vertical-align:top;padding:7px 12px;border-bottom:1px solid var(--line)}
thead th{font-size:12.5px;color:var(--faint);font-weight:600;background:var(--paper)}
tbody th{font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.number{font-weight:600}
.what{min-width:16em}.measured tbody th{background:var(--code);padding-left:8px}.measured .what{padding-left:36px}.nowrap{white-space:nowrap}
.detail{color:var(--soft);font-size:13px;overflow-wrap:anywhere}.detail code{white-space:pre-wrap}
.refusals summary{cursor:pointer;color:var(--faint)}.refusals ul{margin:4px 0;padding-left:18px}
.timeline{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 18px 6px 0;overflow-x:auto}
.row{display:flex;min-width:860px}
.who{width:172px;flex:none;padding:6px 14px 0 16px;font-size:13px;font-weight:600;line-height:1.3}
.lanes{position:relative;flex:1;border-bottom:1px solid var(--line)}
.lanes i{position:absolute;top:0;bottom:0;width:1px;background:var(--line)}
.bar{position:absolute;height:20px;min-width:3px;border-radius:3px;border-left:3px solid var(--tone);background:color-mix(in srgb,var(--tone) 26%,var(--card));white-space:nowrap;font-size:12px;line-height:20px}
.bar>span{position:absolute;left:5px;top:0}.bar.flip>span{left:auto;right:100%;padding-right:7px}
.bar em{position:absolute;inset:0 auto 0 0;background:repeating-linear-gradient(135deg,var(--card) 0 3px,transparent 3px 6px)}
.axis .lanes{height:24px;border:0}
.axis b{position:absolute;top:3px;transform:translateX(-50%);font-size:11.5px;font-weight:400;color:var(--faint);white-space:nowrap}
.picture svg{display:block;max-width:100%;height:auto;border:1px solid var(--line);border-radius:10px}
footer{margin:44px auto 40px;color:var(--faint);font-size:13.5px}
@media (max-width:700px){.sides{grid-template-columns:1fr}h1 small{display:block;margin:4px 0 0}}
@media print{body{background:#fff}}
`;
