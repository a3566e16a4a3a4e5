/** Lines of shell that print those which leave units disabled and stopped that are so now. */
export const unitsAsTheyWere = (units: readonly string[]): string => `for unit in ${units.join(" ")}; do
  systemctl -q is-enabled $unit 2>/dev/null || echo systemctl disable $unit
  systemctl -q is-active $unit || echo systemctl stop $unit
done`;
