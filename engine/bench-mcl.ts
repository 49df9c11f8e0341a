// mcl-wasm as the measure for verification: e(A, B)·e(−vk_x, γ)·e(−C, δ) = e(α, β) with the key's pairings prepared.

// @ts-ignore no types in some versions
import mcl from 'mcl-wasm'

export async function mclVerify(vk: any): Promise<(publics: string[], proof: any) => boolean> {
  await mcl.init(mcl.BN_SNARK1)
  const g1 = ([x, y]: string[]) => { const p = new mcl.G1(); p.setStr(`1 ${x} ${y}`, 10); return p }
  const g2 = ([x, y]: string[][]) => { const p = new mcl.G2(); p.setStr(`1 ${x![0]} ${x![1]} ${y![0]} ${y![1]}`, 10); return p }
  const ic = vk.IC.map(g1)
  const gamma = new mcl.PrecomputedG2(g2(vk.vk_gamma_2)), delta = new mcl.PrecomputedG2(g2(vk.vk_delta_2))
  const alphaBeta = mcl.pairing(g1(vk.vk_alpha_1), g2(vk.vk_beta_2))
  return (publics, proof) => {
    const scalars = publics.map((text) => { const s = new mcl.Fr(); s.setStr(text, 10); return s })
    const inputs = mcl.add(ic[0], mcl.mulVec(ic.slice(1), scalars) as any)
    const f = mcl.mul(mcl.mul(mcl.millerLoop(g1(proof.pi_a), g2(proof.pi_b)), mcl.precomputedMillerLoop(mcl.neg(inputs) as any, gamma)), mcl.precomputedMillerLoop(mcl.neg(g1(proof.pi_c)) as any, delta))
    return mcl.finalExp(f).isEqual(alphaBeta)
  }
}
