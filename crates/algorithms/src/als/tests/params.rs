//! Parameters and their refusals.

use super::*;

fn refusal(params: AlsParams) -> AlsParamsError {
    assert!(params.check_ref().is_err());
    params.check().unwrap_err()
}

#[test]
fn the_defaults_are_valid() {
    assert!(Als::explicit(10).check().is_ok());
    assert!(Als::implicit(10).check().is_ok());
    assert!(
        Als::implicit(10)
            .regularization(0.0)
            .alpha(0.0)
            .tol(0.0)
            .check()
            .is_ok()
    );
}

#[test]
fn values_out_of_range_are_refused() {
    use AlsParamsError as E;
    let explicit = || Als::explicit(2);
    let implicit = || Als::implicit(2);
    assert_eq!(refusal(Als::explicit(0)), E::Factors(0));
    assert_eq!(refusal(Als::explicit(5000)), E::Factors(5000));
    assert_eq!(refusal(explicit().iterations(0)), E::Iterations);
    assert_eq!(
        refusal(explicit().regularization(-0.1)),
        E::Regularization(-0.1)
    );
    assert_eq!(
        refusal(explicit().bias_regularization(f64::INFINITY)),
        E::BiasRegularization(f64::INFINITY)
    );
    assert_eq!(
        refusal(explicit().regularization_exponent(1.5)),
        E::RegularizationExponent(1.5)
    );
    assert_eq!(refusal(implicit().alpha(-1.0)), E::Alpha(-1.0));
    assert_eq!(
        refusal(implicit().unobserved_weight(0.0)),
        E::UnobservedWeight(0.0)
    );
    assert_eq!(refusal(explicit().tol(-1.0)), E::Tol(-1.0));
    assert_eq!(refusal(explicit().init_scale(0.0)), E::InitScale(0.0));
    assert!(matches!(refusal(explicit().tol(f64::NAN)), E::Tol(_)));
}

#[test]
fn checked_parameters_survive_serialisation() {
    let params = checked(Als::implicit(7).alpha(40.0).unobserved_weight(0.1));
    let text = serde_json::to_string(&params).unwrap();
    assert!(text.contains(r#""feedback":{"implicit":{"alpha":40.0,"unobserved_weight":0.1}}"#));
    assert_eq!(
        serde_json::from_str::<AlsValidParams>(&text).unwrap(),
        params
    );
}
