//! Quantised blocks: how many bytes one takes, by GGUF's name for the type. Source: `GGML_QUANT_SIZES` of ggml's gguf-py.

/// Bytes of one block.
pub(super) fn block_bytes(dtype: &str) -> Option<u32> {
    Some(match dtype {
        "Q4_0" | "IQ4_NL" | "Q1_0" => 18,
        "Q4_1" => 20,
        "Q5_0" => 22,
        "Q5_1" => 24,
        "Q8_0" => 34,
        "Q8_1" => 40,
        "Q2_K" => 84,
        "Q3_K" | "IQ3_S" => 110,
        "Q4_K" => 144,
        "Q5_K" => 176,
        "Q6_K" => 210,
        "Q8_K" => 292,
        "IQ2_XXS" | "TQ2_0" => 66,
        "IQ2_XS" => 74,
        "IQ3_XXS" => 98,
        "IQ1_S" => 50,
        "IQ2_S" => 82,
        "IQ4_XS" => 136,
        "IQ1_M" => 56,
        "TQ1_0" => 54,
        "MXFP4" => 17,
        "NVFP4" => 36,
        _ => return None,
    })
}
