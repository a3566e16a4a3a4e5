import { style } from "../html/style.ts";

/** The looks of the page, added to those of all pages. */
export const compareStyle = `${style}
h3{font-size:15px;margin:22px 0 8px}
.label{display:inline-block;min-width:24px;padding:0 7px;border-radius:6px;background:var(--step);color:var(--card);font-weight:700;text-align:center}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:12px;margin:16px 0 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.card p{margin:6px 0 0}.card h2{font-size:17px;margin:0;overflow-wrap:anywhere}.card .run{margin-top:8px;overflow-wrap:anywhere}
td.number{font-weight:400}td.number b{font-weight:600}td.number small,td.verdicts small{display:block;color:var(--faint);font-size:12px}
.verdict{color:var(--tone,inherit)}td.noise-unknown small{text-decoration:underline;text-decoration-color:var(--broken);text-underline-offset:3px}td.differs{background:color-mix(in srgb,var(--broken) 17%,transparent)}td.differs small{color:var(--broken);font-weight:600}
.range{white-space:nowrap;color:var(--soft)}td.number b{white-space:nowrap}
.verdicts .word{display:block;min-width:0}
.user span{position:sticky;left:12px;display:inline-block;max-width:calc(100vw - 60px)}.user small{font-weight:400;color:var(--faint);margin-left:8px}
.zoom{display:flex;flex-wrap:wrap;gap:4px 16px;margin:0 0 10px;padding:0;border:0;font-size:13.5px;color:var(--soft)}
.zoom label{display:flex;gap:5px;align-items:center;padding:4px 0;cursor:pointer}
main:has(#zoom-4:checked){--zoom:4}main:has(#zoom-16:checked){--zoom:16}
.aligned{padding:4px 0 6px}
.aligned .wide{width:calc(100% * var(--zoom,1));min-width:calc(860px * var(--zoom,1))}
.aligned .row{min-width:0;position:relative}
.aligned .who{width:200px;position:sticky;left:0;z-index:3;background:var(--card);border-right:1px solid var(--line);padding:3px 10px 3px 14px;line-height:18px;font-weight:400;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.aligned .who b{float:right;font-weight:600;font-variant-numeric:tabular-nums;padding-left:6px}
.aligned .lanes{overflow:clip}
.aligned .name{position:sticky;left:0;max-width:min(1080px,calc(100vw - 44px));display:inline-block;padding:14px 14px 6px;font-weight:600}
.aligned summary{cursor:pointer;color:var(--soft);font-size:13.5px}
.aligned summary span{position:sticky;left:0;padding:6px 14px;display:inline-block}
.run-of{position:relative}
.under{position:absolute;inset:0 0 0 200px;pointer-events:none;overflow:clip}
.under i{position:absolute;top:0;bottom:0;width:1px;background:var(--line)}
.under s{position:absolute;top:0;bottom:0;background:repeating-linear-gradient(135deg,var(--line) 0 1px,transparent 1px 6px)}
.under u{position:absolute;top:0;bottom:0;background:color-mix(in srgb,var(--faint) 9%,transparent)}
.aligned .bar{cursor:default}.aligned .bar>.text{position:static;display:block;min-width:19px;padding-left:3px;overflow:hidden}
.mark{position:absolute;top:4px;height:16px;min-width:3px;border-radius:2px;background:var(--violates);cursor:default}
.mark.part{background:color-mix(in srgb,var(--step) 40%,var(--card));white-space:nowrap;font-size:11px;line-height:16px}.mark.part.named{background:color-mix(in srgb,var(--broken) 55%,var(--card))}
.mark .text{display:block;overflow:hidden;padding-left:2px}
.mark:focus,.mark:hover,.bar:focus,.bar:hover{outline:2px solid var(--ink);outline-offset:1px;z-index:5}
.sheet{display:none;position:fixed;left:12px;right:12px;bottom:12px;z-index:9;max-width:560px;margin:0 auto;padding:10px 14px;border:1px solid var(--line);border-radius:10px;background:var(--card);color:var(--ink);box-shadow:0 6px 30px rgb(0 0 0/.35);font:14px/1.45 var(--sans);white-space:normal}
.mark:hover>.sheet,.mark:focus>.sheet,.bar:hover>.sheet,.bar:focus>.sheet{display:block}
.sheet b,.sheet span{display:block}.sheet span{color:var(--soft)}
.bar>.sheet{position:fixed;left:12px;top:auto}
.more>summary{cursor:pointer;padding:9px 14px;background:var(--card);border:1px solid var(--line);border-radius:8px;font-weight:600}
.more>summary small{font-weight:400;color:var(--soft);font-size:13.5px;margin-left:8px}
.more[open]>summary{border-radius:8px 8px 0 0}.more{margin:0 0 8px}
.more .scroll table{border-top:0}
.changes{table-layout:fixed;min-width:680px}.changes thead th:nth-child(-n+2){width:24%}.subject{font-weight:400;overflow-wrap:anywhere}
del,ins{display:block;text-decoration:none;font-family:var(--mono);font-size:12.5px;overflow-wrap:anywhere}
del{color:var(--violates)}ins{color:var(--conforms)}del:before{content:"− "}ins:before{content:"+ "}
.group th{background:var(--code);font-size:13px;color:var(--soft)}
.says{min-width:18em}
.known{padding-left:20px;color:var(--soft)}
@media (max-width:700px){header>div,main,footer{padding:0 14px}h1{font-size:26px}th,td{padding:6px 8px}
.aligned .who{width:118px;padding:3px 6px 3px 8px;font-size:12px}td.number,th.number{white-space:normal}.aligned .who b{display:none}.under{left:118px}}
@media print{.zoom{display:none}.more:not([open])>:not(summary){display:block}}
`;
